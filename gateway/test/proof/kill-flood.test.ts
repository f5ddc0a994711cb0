import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Report } from "../../../proof/report/report.d.ts";

const PROOF = fileURLToPath(new URL("../../../proof/kill-flood.mjs", import.meta.url));

/** The short form of the proof, as a process of its own: it starts, kills and stops its own gateway and database. */
function runQuick(): Promise<{ code: number; report: Report; told: string }> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [PROOF, "--quick", "--json"], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (stdout === "") reject(new Error(`the proof said nothing: ${stderr}`));
      else
        resolve({ code: error === null ? 0 : Number(error.code), report: JSON.parse(stdout) as Report, told: stderr });
    });
  });
}

test(
  "nothing acknowledged is lost and nothing takes effect twice while gateway and database are killed (F04, F16, F37)",
  { timeout: 300_000 },
  async () => {
    const { code, report, told } = await runQuick();
    const broken = report.rules.filter((rule) => rule.broken > 0);
    expect({ seeds: report.seeds, broken, reasons: report.reasons, told }).toMatchObject({ broken: [], reasons: [] });
    expect(report.bars.filter((bar) => bar.met === false)).toEqual([]);
    expect(report).toMatchObject({ verdict: "true", counts: { gatewayKills: 4, databaseKills: 1 } });
    expect(code).toBe(0);
  },
);
