import { superviseEmbedded } from "../../src/store/embedded/supervise-embedded.ts";
import { silentLog } from "../../src/platform/log.ts";

// A process that owns an embedded server, as the gateway does: says what came of the start on one line of JSON, stops
// the server and ends when its standard input ends, and is there to be killed.
const options = JSON.parse(process.argv[2] ?? "{}") as { dataDir: string };
const server = await superviseEmbedded({
  log: silentLog,
  ...options,
  onProgress: ({ step }) => process.stdout.write(`${JSON.stringify({ step })}\n`),
});
if (!server.ok) {
  process.stdout.write(`${JSON.stringify(server)}\n`);
  process.exit(0);
}
process.stdout.write(`${JSON.stringify({ ...server, pid: server.pid() })}\n`);
process.stdin.on("end", () => void server.stop());
process.stdin.resume();
