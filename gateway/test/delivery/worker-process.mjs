// A worker in a process of its own, which tests kill and stop. Its configuration is JSON in the first argument; its
// handlers are named here. It says "ready" when it delivers, and the lines of its log on standard error are JSON.
import { startGateway } from "../../dist/main.js";
import { createLog } from "../../dist/platform/log.js";

const config = JSON.parse(process.argv[2]);
const handlers = { poison: () => process.kill(process.pid, "SIGKILL") };
const started = await startGateway({ ...config, handlers }, createLog("info"));
if (!started.ok) {
  console.log(JSON.stringify(started));
  process.exit(1);
}
process.once("SIGTERM", () => {
  void started.gateway.drain().then(() => console.log("drained"));
});
console.log(`ready ${started.gateway.ingestUrl ?? ""}`);
