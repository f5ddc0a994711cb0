import { expect, it } from "vitest";
import type { Connector, ConnectorFault } from "../../src/recovery/connectors/connector.ts";
import { faultOf } from "../../src/recovery/connectors/provider-line.ts";
import { reconcileNext } from "../../src/recovery/reconcile.ts";
import { startFakeGithub } from "../support/fake-github.ts";
import type { Bench } from "../support/reconcile-bench.ts";
import { openBench } from "../support/reconcile-bench.ts";

const HOUR = 3_600_000;
const window = () => ({ from: new Date(Date.now() - 2 * HOUR), to: new Date(Date.now() - HOUR / 2) });
const ENTRIES =
  "SELECT provider_event_id AS guid, state, asks, detail FROM holdfast.reconciliation_entry ORDER BY state DESC, guid";

async function openGithub(redeliver: boolean) {
  const github = await startFakeGithub();
  const connector = { kind: "github", owner: "acme", repo: "shop", webhookId: "77", baseUrl: github.url };
  const bench = await openBench({ log: { source: "github", connector, secret: github.token, lagSec: 0, redeliver } });
  const miss = (body: object = {}) => github.happen(Date.now() - HOUR, 502, body);
  return { github, bench, miss };
}

/** Answers what is asked about these entries in the log's place, and tells how often it was. */
function answerFor(bench: Bench, isOdd: (guid: string) => boolean, answer: () => Promise<ConnectorFault>) {
  const asked: string[] = [];
  const { openConnector } = bench.deps;
  const told =
    <Given extends { providerEventId: string }, Answer>(call: (entry: Given) => Promise<Answer>) =>
    async (entry: Given): Promise<Answer | ConnectorFault> => {
      if (!isOdd(entry.providerEventId)) return await call(entry);
      asked.push(entry.providerEventId);
      return await answer();
    };
  const wrap = ({ list, fetch, redeliver }: Connector): Connector => ({
    list,
    fetch: fetch && told(fetch),
    redeliver: redeliver && told(redeliver),
  });
  Object.assign(bench.deps, {
    openConnector: async (setup: Parameters<typeof openConnector>[0]) => {
      const opened = await openConnector(setup);
      return opened.ok ? { ok: true, connector: wrap(opened.connector) } : opened;
    },
  });
  return asked;
}

it("leaves what is larger than the log's answer may be unexplained, and recovers the rest", async () => {
  const { bench, miss } = await openGithub(false);
  const large = miss({ blob: "x".repeat(9 * 1_048_576) });
  for (let i = 0; i < 4; i++) miss();
  const run = await bench.carryOn((await bench.start("log", window())).id);
  expect(run).toMatchObject({ state: "completed", missing: 5, recovered: 4, unexplained: 1, page_items: 100 });
  const detail = "the answer of the provider's API is larger than 8 MiB";
  expect((await bench.query(ENTRIES))[0]).toMatchObject({ guid: large, state: "unexplained", detail });
});

it.each<[string, string, () => Promise<ConnectorFault>]>([
  ["5xx", "answered 502", async () => faultOf("unavailable", "the provider's API answered 502")],
  ["half an answer", "broke off", async () => faultOf("malformed", "the answer broke off")],
  ["what cannot be worked on", "TypeError", () => Promise.reject(new TypeError("it is null"))],
])(
  "asks about an entry ten times that is answered by %s, while the rest is recovered",
  async (_what, words, answer) => {
    const { github, bench, miss } = await openGithub(true);
    github.deliver = ({ headers, body }) => bench.post("/in/github-key", headers, body);
    const odd = miss();
    for (let i = 0; i < 4; i++) miss();
    const asked = answerFor(bench, (guid) => guid === odd, answer);
    const run = await bench.carryOn((await bench.start("log", window())).id);
    expect(run).toMatchObject({ state: "completed", missing: 5, recovered: 4, unexplained: 1 });
    const detail = expect.stringContaining(words);
    expect((await bench.query(ENTRIES))[0]).toEqual({ guid: odd, state: "unexplained", asks: 10, detail });
    expect(asked).toHaveLength(10);
  },
);

it("completes though many entries cannot be had, and looks at them again in the next run", async () => {
  const { bench, miss } = await openGithub(false);
  const odd = new Set(Array.from({ length: 12 }, () => miss()));
  miss();
  let isBroken = true;
  answerFor(
    bench,
    (guid) => isBroken && odd.has(guid),
    async () => faultOf("unavailable", "the provider's API answered 500"),
  );
  const first = await bench.carryOn((await bench.start("log", null)).id);
  expect(first).toMatchObject({ state: "completed", missing: 13, recovered: 1, unexplained: 12 });
  isBroken = false;
  bench.wait(HOUR);
  const second = await bench.carryOn((await bench.start("log", null)).id);
  expect(second).toMatchObject({ state: "completed", missing: 12, recovered: 12, unexplained: 0 });
});

it("takes it for an outage, and asks no more, when a hundred entries in a row are answered by 5xx", async () => {
  const { bench, miss } = await openGithub(false);
  for (let i = 0; i < 110; i++) miss();
  const fault = faultOf("unavailable", "the provider's API answered 503");
  const asked = answerFor(
    bench,
    () => true,
    async () => fault,
  );
  const { id } = await bench.start("log", window());
  const run = await bench.carryOn(id);
  expect(run).toMatchObject({ state: "failed", detail: fault.detail });
  expect([asked.length, new Set(asked).size]).toEqual([101, 101]);
});

it.each(["limited", "unreachable"] as const)(
  "stops the run, and holds it against no entry, when the provider is %s",
  async (cause) => {
    const { bench, miss } = await openGithub(true);
    for (let i = 0; i < 3; i++) miss();
    const asked = answerFor(
      bench,
      () => true,
      async () => faultOf(cause, "not now"),
    );
    await bench.start("log", window());
    await reconcileNext(bench.deps, () => false);
    expect(asked).toHaveLength(1);
    expect(await bench.query("SELECT state, failures, detail FROM holdfast.reconciliation_run")).toEqual([
      { state: "listed", failures: 1, detail: "not now" },
    ]);
    expect(await bench.query("SELECT DISTINCT state, asks, detail FROM holdfast.reconciliation_entry")).toEqual([
      { state: "missing", asks: 0, detail: null },
    ]);
  },
);
