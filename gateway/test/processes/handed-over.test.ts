import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startCli, whenReady } from "../support/cli.ts";
import { until } from "../support/embedded.ts";
import { testFolder } from "../support/folder.ts";
import { SECRET, post, stripeEvent } from "../support/ingest-gateway.ts";

it("a request that reaches a process which stands still and is then killed is answered by another or cut, never left open", async () => {
  const folder = testFolder();
  const config = {
    sources: { payments: { provider: "stripe", key: "payments-key", secrets: [SECRET] } },
    drainTimeoutMs: 4_000,
  };
  writeFileSync(join(folder, "holdfast.config.mjs"), `export default ${JSON.stringify(config)};`);
  const args = ["start", "--json", "--processes", "2", "--port", "0", "--admin-port", "0", "--data-dir", "data"];
  const cli = startCli(args, { cwd: folder });
  const ready = await whenReady(cli);
  const processes = async (): Promise<{ pid: number; roles: string[] }[]> => {
    const headers = { authorization: `Bearer ${ready.adminToken}` };
    const answer = await fetch(`${ready.adminUrl}/api/v1/status`, { headers });
    return answer.ok ? ((await answer.json()) as { processes: { pid: number; roles: string[] }[] }).processes : [];
  };
  await until(async () => (await processes()).length === 2);
  const victim = (await processes()).find(({ roles }) => !roles.includes("admin"))!;
  process.kill(victim.pid, "SIGSTOP");
  const sent = Array.from({ length: 12 }, (_, i) =>
    post(ready.ingestUrl!, stripeEvent(`evt_${i}`)).then(
      ({ status }) => status,
      () => "cut",
    ),
  );
  // The other one answers while this one stands still.
  expect(await Promise.race(sent)).toBe(200);
  process.kill(victim.pid, "SIGKILL");
  const ends = await Promise.all(sent);
  expect(ends.filter((end) => end !== 200 && end !== "cut")).toEqual([]);
  expect((await cli.stop()).code).toBe(0);
});
