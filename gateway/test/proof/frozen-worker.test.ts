import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Report } from "../../../proof/report/report.d.ts";

const PROOF = fileURLToPath(new URL("../../../proof/run.mjs", import.meta.url));

function prove(...args: string[]): Promise<Report> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [PROOF, "frozen-worker", "--json", ...args], (_, stdout, stderr) => {
      if (stdout === "") reject(new Error(`the proof said nothing: ${stderr}`));
      else resolve(JSON.parse(stdout) as Report);
    });
  });
}

// The other half, that the product itself changes nothing here, is in delivery/leases.test.ts and in every `npm run proof`.
test(
  "a build that settles without the lease's token is found out: the verdict is false, and names rule S2 and the delivery (F39)",
  { timeout: 600_000 },
  async () => {
    const report = await prove("--events", "8", "--mutant", "M4");
    expect(report).toMatchObject({ verdict: "false", counts: { acked: 8, takenOver: 8 } });
    expect(report.reasons[0]).toMatch(/^S2, .*dlv_\w{26}: leased to \w+ by first, while second held it/);
    expect(report.rules.filter(({ id, broken }) => id === "S2" && broken > 0).length).toBe(1);
  },
);
