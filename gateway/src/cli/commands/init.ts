import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FILE_NAMES } from "../../config/import-file.ts";
import { complain, type Complaint, type ExitCode, printJson, type Shell } from "../shell.ts";

/** `holdfast init`: writes a commented configuration file to begin with. Never over one that is there. */
export async function init(shell: Shell, flags: { readonly json?: boolean }): Promise<ExitCode> {
  const json = flags.json === true;
  const present = FILE_NAMES.map((name) => join(shell.cwd, name)).find((path) => existsSync(path));
  if (present !== undefined) return complain(shell, refusal(present), json);
  const path = join(shell.cwd, FILE_NAMES[0]);
  const failure = await writeNew(path);
  if (failure === "EEXIST") return complain(shell, refusal(path), json);
  if (failure !== null) return complain(shell, { problem: `cannot write ${path} (${failure})`, badInput: false }, json);
  if (json) printJson(shell, { file: path });
  else {
    shell.print(`Wrote ${path}`);
    shell.print("Next: fill in a secret and your service's URL, then npx holdfast dev");
  }
  return 0;
}

function refusal(path: string): Complaint {
  return {
    problem: `${path} is there already`,
    remedy: "It was not touched. Move it away to have a new one written.",
    badInput: true,
  };
}

/** `wx`: of two that write at once, one wins and the other is told. */
async function writeNew(path: string): Promise<string | null> {
  try {
    await writeFile(path, template(), { flag: "wx" });
    return null;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  }
}

/** The secret is a random one: a placeholder that everybody knows would let everybody in. */
function template(): string {
  const secret = `whsec_${randomBytes(24).toString("base64url")}`;
  return `import { defineConfig } from "holdfast";

// What comes in, where it goes, and which goes where. Checked as a whole at the start: npx holdfast dev
// Every key: docs/configuration.md
export default defineConfig({
  sources: {
    // One inbound URL; \`holdfast dev\` prints it. Register it at the provider.
    stripe: {
      provider: "stripe",
      // The provider's secret belongs into the environment; the random one is there to try things with. While a new
      // secret replaces an old one, list both: either verifies.
      secrets: [process.env.STRIPE_WEBHOOK_SECRET ?? "${secret}"],
    },
  },

  destinations: {
    // An HTTP service. Each delivery is signed after Standard Webhooks; @holdfast/client checks and unwraps it.
    app: {
      url: "http://127.0.0.1:3000/webhooks",
      timeoutMs: 15_000,
    },
    // Or a function, called inside a database transaction: what it writes with \`tx\` commits together with the mark
    // that the event is processed, or not at all.
    // ledger: {
    //   handler: async (event, tx) => {
    //     await tx.query("insert into payment (id, body) values ($1, $2)", [event.id, event.json()]);
    //   },
    // },
  },

  routes: [
    { source: "stripe", destination: "app" },
    // Only some events, and before others:
    // { name: "payments", source: "stripe", destination: "app", eventTypes: ["invoice.*"], priority: "high" },
  ],

  // Private networks that deliveries may reach. \`holdfast dev\` allows loopback by itself; \`holdfast start\` allows none.
  // egress: { allowCidrs: ["127.0.0.0/8"] },
});
`;
}
