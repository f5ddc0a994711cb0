// Posts to each URL of the first argument with the compiled egress and prints the outcomes: for tests of what a whole
// process takes from its environment and its command line. Every name leads to 127.0.0.1.
import { createEgress } from "../../../dist/platform/egress/create-egress.js";

const egress = createEgress({
  policy: { allowCidrs: ["127.0.0.1/32"] },
  log: { warn() {} },
  lookup: async () => ({ ok: true, addresses: ["127.0.0.1"] }),
});
const outcomes = [];
for (const url of JSON.parse(process.argv[2])) {
  const body = new TextEncoder().encode("{}");
  outcomes.push(await egress.post({ url, headers: [], body, totalTimeoutMs: 20_000, connectTimeoutMs: 5_000 }));
}
await egress.close();
process.stdout.write(JSON.stringify(outcomes));
