import { expect, it } from "vitest";
import { listEntries } from "../../src/store/reconciliations/entries.ts";
import { startFakeProvider } from "../support/fake-provider.ts";
import { openBench } from "../support/reconcile-bench.ts";

const HOUR = 3_600_000;
const FIRST = "00000000-0000-0000-0000-000000000000";

const itemOf = (id: string, at: Date, payload: string) =>
  `{"id":"${id}","eventType":"user.made","timestamp":"${at.toISOString()}","payload":${payload}}`;

it("records nothing in place of a message whose payload Svix has deleted, and says that the log lacks it", async () => {
  const at = new Date(Date.now() - HOUR);
  const expired = itemOf("msg_1", at, '{ "expired": true }');
  const kept = itemOf("msg_2", at, '{"expired":true,"of":"a subscription"}');
  const log = await startFakeProvider(({ url }) => {
    const text = url.pathname.endsWith("/msg/") ? `{"data":[${expired},${kept}],"iterator":null,"done":true}` : expired;
    return { status: 200, text };
  });
  const connector = { kind: "svix", applicationId: "app_1", baseUrl: log.url };
  const bench = await openBench({ log: { source: "svix", connector, secret: "api-secret", lagSec: 0 } });
  const run = await bench.carryOn((await bench.start("log", null)).id);
  expect(run).toMatchObject({ state: "completed", missing: 2, recovered: 1, unexplained: 1 });
  const [left] = (await bench.db.run(listEntries, [run.id, FIRST, "unexplained", 10])).rows;
  expect(left).toMatchObject({ provider_event_id: "msg_1", detail: "the log does not hold the payload any more" });
  const events = await bench.query<{ body: Buffer }>("SELECT body FROM holdfast.event");
  expect(events.map(({ body }) => body.toString())).toEqual(['{"expired":true,"of":"a subscription"}']);
});

it("takes nothing from before its window where a server of Svix's kind ignores its beginning, and reads no further back", async () => {
  const from = new Date("2026-11-01T00:00:00Z");
  const to = new Date("2026-11-02T00:00:00Z");
  // The newest first, two a page: the list goes on to the beginning of the application.
  const ats = [9, 5, 1, -2, -3, -4, -5, -6, -7, -8].map((hours) => new Date(from.getTime() + hours * HOUR));
  const log = await startFakeProvider(({ url }) => {
    const at = Number(url.searchParams.get("iterator") ?? 0);
    const items = ats.slice(at, at + 2).map((moment, i) => itemOf(`msg_${at + i}`, moment, "{}"));
    return { status: 200, text: `{"data":[${items.join()}],"iterator":"${at + 2}","done":${at + 2 >= ats.length}}` };
  });
  const connector = { kind: "svix", applicationId: "app_1", baseUrl: log.url };
  const bench = await openBench({ log: { source: "svix", connector, secret: "api-secret", lagSec: 0 } });
  const opened = await bench.deps.openConnector(await bench.setup("log"));
  if (!opened.ok) throw new Error(opened.detail);
  const listed: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await opened.connector.list({ from, to }, cursor, 2);
    if (!page.ok) throw new Error(page.detail);
    listed.push(...page.entries.map(({ providerEventId }) => providerEventId));
    cursor = page.next;
  } while (cursor !== null);
  expect(listed).toEqual(["msg_0", "msg_1", "msg_2"]);
  expect(log.asked).toHaveLength(3);
});
