// The database in a process of its own, so that the gateway can be kept from it, and killed without it. The folder is its
// argument; it is started again whenever it ends, as whoever runs PostgreSQL would do it.
import { fileURLToPath } from "node:url";

const DIST = new URL("../../gateway/dist/", import.meta.url);
const { superviseEmbedded } = await import(fileURLToPath(new URL("store/embedded/supervise-embedded.js", DIST)));

const write = (level) => (fields, text) => void process.stderr.write(`${JSON.stringify({ level, text, ...fields })}\n`);
const log = { debug() {}, info: write("info"), warn: write("warn"), error: write("error") };
const server = await superviseEmbedded({ log, dataDir: process.argv[2] });
if (!server.ok) throw new Error(`${server.message} ${server.remedy}`);
process.once("SIGTERM", () => void server.stop());
process.stdout.write(`${JSON.stringify({ ready: true, url: server.url })}\n`);
