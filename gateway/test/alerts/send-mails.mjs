// Sends each mail of the first argument with the compiled product and prints what came of it: for tests of what a whole
// process trusts, which it takes from its environment. Every name leads to 127.0.0.1.
import { createMailDialer } from "../../dist/platform/egress/dial-mail.js";
import { systemClock } from "../../dist/platform/clock.js";
import { sendMail } from "../../dist/platform/send-mail.js";

const dialer = createMailDialer({
  policy: { allowCidrs: ["127.0.0.1/32"] },
  clock: systemClock,
  lookup: async () => ({ ok: true, addresses: ["127.0.0.1"] }),
});
const sent = [];
for (const mail of JSON.parse(process.argv[2])) sent.push(await sendMail({ dialer }, mail));
dialer.close();
process.stdout.write(JSON.stringify(sent));
