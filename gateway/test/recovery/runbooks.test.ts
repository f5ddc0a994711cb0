import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { runCli } from "../support/cli.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import type { ReplayGateway } from "../support/replay-desk.ts";
import { openService, ownByApi, settled, startReplayGateway } from "../support/replay-desk.ts";

const ONE_TRY = { scheduleSec: [], refusalsMax: 1 };
const NEW_SECRET = "whsec_the_one_that_was_rotated_in_without_us";

/** The commands of a page, in their order. */
async function commandsOf(name: string): Promise<string[]> {
  const page = await readFile(new URL(`../../../docs/runbooks/${name}`, import.meta.url), "utf8");
  return [...page.matchAll(/^```sh\n([\s\S]*?)\n```$/gm)].flatMap((match) => match[1]!.split("\n"));
}

/** What stands for a placeholder, as whoever follows the page would find it in what was printed so far. */
const FINDS: Readonly<Record<string, RegExp>> = {
  "<group>": /group ([0-9a-f]{16})/,
  "<sample>": /sample (dlv_\w+)/,
  "<count>": /--expect (\d+)/,
  "<replay>": /(rpl_\w+)/,
  "<token>": /(plan_[\w-]+)/,
  "<scope>": /scope: (.+)/,
};

const agoIso = (ms: number): string => new Date(Date.now() - ms).toISOString();

/** Runs one command of a page; `said` is all that was printed before. */
async function run(gateway: ReplayGateway, command: string, said: string, input?: string): Promise<string> {
  // A time on a page stands for when the trouble began.
  const timed = command.replaceAll(/\d{4}-[\d-]+T[\d:]+Z/g, agoIso(2 * 86_400_000));
  const filled = timed.replaceAll(/<\w+>/g, (name) => FINDS[name]!.exec(said)![1]!);
  const [npx, holdfast, ...args] = [...filled.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
  expect([npx, holdfast]).toEqual(["npx", "holdfast"]);
  const { adminUrl, adminToken } = gateway.gateway;
  const result = await runCli([...args, "--url", adminUrl!, "--token", adminToken!], {
    cwd: "/",
    ...(input === undefined ? {} : { input }),
  });
  expect([command, result.code], result.stderr).toEqual([command, 0]);
  return result.stdout;
}

async function deadLetters(count: number) {
  const desk = await openDesk();
  const service = await openService();
  service.answer = () => 422;
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url, retry: ONE_TRY } } });
  for (let i = 0; i < count; i++) await gateway.post(`evt_${i}`);
  await settled(desk);
  return { desk, service, gateway };
}

it("the page on growing dead letters ends with none, by its commands alone", async () => {
  const { desk, service, gateway } = await deadLetters(5);
  const [list, show, one, count, all, dismiss] = await commandsOf("dead-letters-growing.md");
  let said = await run(gateway, list!, "");
  expect(said).toContain("5 × refused, status 422 at billing, invoice.paid");
  expect(await run(gateway, show!, said)).toContain("422");
  // Step 3: the consumer is mended.
  service.answer = () => 200;
  expect(await run(gateway, one!, said)).toMatch(/^dlv_\w+ is (ready|leased|processed);/);
  await settled(desk);
  said += await run(gateway, count!, said);
  expect(said).toContain("4 fit. Nothing was done yet.");
  expect(await run(gateway, all!, said)).toContain("4 are queued again with the same keys.");
  await settled(desk);
  expect(await run(gateway, dismiss!, said)).toContain("0 fit. Nothing was done yet.");
  expect(await run(gateway, list!, "")).toContain("No dead letters.");
  expect(service.effects.size).toBe(5);
});

it("the page on a bad replay stops it, says what it did, and does it again smaller", async () => {
  const { desk, service, gateway } = await deadLetters(5);
  service.answer = () => 200;
  // What else has died is not the first one's matter, nor that of the second.
  const scope = { sources: ["payments"], destinations: ["billing"], since: agoIso(3_600_000) };
  // The slowest that there is: it shall not have ended by itself when the page's second command comes.
  const planned = (await gateway.call("POST", "/replays", { ...scope, ratePerSec: 0.1 })).body;
  await gateway.call("POST", "/replays/run", { token: planned["token"] });
  const commands = await commandsOf("bad-replay.md");
  let said = "";
  for (const command of commands) said += await run(gateway, command, said);
  expect(said).toContain("is cancelled");
  expect(said).toMatch(/integrity_check +pass/);
  expect(said).toContain("at 5 a second, 10 under way at most");
  expect(said).toContain(`scope: --source payments --destination billing --since ${scope.since} --until 2`);
  await settled(desk);
  const again = /plan_[\w-]+/.exec(said)![0];
  const { items } = (await gateway.call("GET", "/replays")).body as { items: { scope: object }[] };
  expect(items[0]!.scope).toEqual(items[1]!.scope);
  const ran = await gateway.call("POST", "/replays/run", { token: again });
  await gateway.ended(String(ran.body["id"]));
  await settled(desk);
  expect(service.effects.size).toBe(5);
  expect([...service.effects.values()].every((count) => count === 1)).toBe(true);
});

it("the page on signature drift turns what was refused into events", async () => {
  const desk = await openDesk();
  const service = await openService();
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url } } });
  for (let i = 0; i < 6; i++) expect(await gateway.post(`evt_${i}`, NEW_SECRET)).toBe(401);
  await kept(desk, 6);
  await ownByApi(desk, gateway);
  const [loops, add, plan, go] = await commandsOf("signature-drift.md");
  await run(gateway, loops!, "");
  expect(await run(gateway, add!, "", NEW_SECRET)).toContain("v2");
  const said = await run(gateway, plan!, "");
  expect(said).toContain("6 scanned: 6 would be replayed");
  const done = await run(gateway, go!, said);
  expect(done).toMatch(/replayed +6\n/);
  expect(done).toMatch(/integrity_check +pass/);
  expect(service.effects.size).toBe(6);
});

/** Rejections are written in the background. */
async function kept(desk: Desk, count: number): Promise<void> {
  await expect.poll(async () => (await desk.query("SELECT id FROM holdfast.rejection")).length).toBe(count);
}

it("every page that a cause, a replay or a loop names is there", async () => {
  for (const name of ["dead-letters-growing.md", "bad-replay.md", "signature-drift.md", "retry-loop.md"]) {
    const page = await readFile(new URL(`../../../docs/runbooks/${name}`, import.meta.url), "utf8");
    expect(page.length).toBeGreaterThan(500);
  }
});
