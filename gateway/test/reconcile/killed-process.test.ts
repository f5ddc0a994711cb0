import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runCli, startCli, whenReady } from "../support/cli.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import { until } from "../support/embedded.ts";
import { GITHUB_SECRET, startFakeGithub } from "../support/fake-github.ts";
import { startFakeStripe } from "../support/fake-stripe.ts";
import { testFolder } from "../support/folder.ts";

const HOUR = 3_600_000;
const EVENTS = 120;
const DELIVERIES = 12;
const COUNTS = `SELECT count(*)::int AS events, count(DISTINCT (source_id, provider_event_id))::int AS ids,
  (SELECT count(*)::int FROM holdfast.delivery) + (SELECT count(*)::int FROM holdfast.finished_delivery) AS deliveries
  FROM holdfast.event`;

/** A `holdfast start` of its own, as an operator runs it, that can be killed and started again. */
async function openProcess(content: object) {
  const cwd = testFolder();
  const desk = await openDesk();
  await writeFile(join(cwd, "holdfast.config.mjs"), `export default ${JSON.stringify(content)}`);
  const ports = ["--port", "0", "--admin-port", "0", "--data-dir", join(cwd, "data")];
  const start = async () => {
    const started = startCli(["start", "--json", ...ports], { cwd, env: { DATABASE_URL: desk.database.url } });
    return { ...started, ...(await whenReady(started)) };
  };
  let running = await start();
  return {
    desk,
    /** Another after each start: a port that is free now may be somebody else's by then. */
    ingestUrl: () => running.ingestUrl,
    run: (name: string) => {
      const at = (ms: number) => new Date(Date.now() - ms).toISOString();
      const flags = ["--from", at(2 * HOUR), "--to", at(HOUR / 2), "--data-dir", join(cwd, "data")];
      return runCli(["reconcile", "run", name, ...flags], { cwd });
    },
    kill: () => void running.process.kill("SIGKILL"),
    whenKilled: () => running.ended,
    startAgain: async () => {
      await running.ended;
      // What the killed one held is over for the next one, who would else wait for its end.
      await desk.query("UPDATE holdfast.reconciliation_run SET lease_until = now() WHERE lease IS NOT NULL");
      running = await start();
    },
    completed: (runs: number) =>
      until(async () => {
        const done = await desk.query("SELECT 1 FROM holdfast.reconciliation_run WHERE state = 'completed'");
        return done.length === runs;
      }),
  };
}

it("a gateway that is killed in the middle of its runs restores all that the providers list, and doubles nothing (F139)", async () => {
  const stripe = await startFakeStripe();
  const github = await startFakeGithub();
  const lagSec = 0;
  const hub = { kind: "github", owner: "acme", repo: "shop", webhookId: "77", baseUrl: github.url };
  const process = await openProcess({
    sources: {
      stripe: { provider: "stripe", secrets: ["whsec_of_the_killed_process_0000"] },
      github: { provider: "github", key: "github-key", secrets: [GITHUB_SECRET] },
    },
    destinations: { app: { url: "http://127.0.0.1:9/" } },
    routes: ["stripe", "github"].map((source) => ({ source, destination: "app" })),
    egress: { allowCidrs: ["127.0.0.0/8"] },
    reconciliations: {
      "stripe-log": {
        source: "stripe",
        connector: { kind: "stripe", baseUrl: stripe.url },
        secret: stripe.key,
        eventTypes: ["*"],
        lagSec,
      },
      "github-log": { source: "github", connector: hub, secret: github.token, lagSec, redeliveryWaitSec: 4 },
    },
  });
  for (let i = 0; i < EVENTS; i++) stripe.happen(Date.now() - HOUR);
  for (let i = 0; i < DELIVERIES; i++) github.happen(Date.now() - HOUR, 502);

  // While it reads the log: the second page is asked for and never read.
  const { push } = stripe.asked;
  let pages = 0;
  stripe.asked.push = (...asked) => {
    if (++pages === 2) process.kill();
    return push.apply(stripe.asked, asked);
  };
  expect(await process.run("stripe-log")).not.toMatchObject({ code: 0 });
  await process.startAgain();
  await process.completed(1);
  expect(pages).toBeGreaterThan(2);

  // While it recovers: the provider delivers again, to a door that is gone by then.
  let redelivered = 0;
  github.deliver = async ({ headers, body }) => {
    if (++redelivered === 5) process.kill();
    const given = { method: "POST", headers: headers.map(([name, value]): [string, string] => [name, value]), body };
    return (await fetch(`${process.ingestUrl()}/in/github-key`, given).catch(() => null))?.status ?? 502;
  };
  expect(await process.run("github-log")).not.toMatchObject({ code: 0 });
  await process.startAgain();
  await process.completed(2);

  const all = EVENTS + DELIVERIES;
  expect(await process.desk.query(COUNTS)).toEqual([{ events: all, ids: all, deliveries: all }]);
  const reports = "SELECT listed, missing, recovered, unexplained FROM holdfast.reconciliation_run ORDER BY listed";
  expect(await process.desk.query(reports)).toEqual(
    [DELIVERIES, EVENTS].map((listed) => ({ listed, missing: listed, recovered: listed, unexplained: 0 })),
  );
}, 300_000);
