import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { faultOf, post, SECRET, signedWebhook, startIngestGateway } from "../support/ingest-gateway.ts";

let gateway: IngestGateway;

beforeAll(async () => {
  const gocardless = { provider: "gocardless", secrets: [SECRET] };
  gateway = await startIngestGateway({
    content: {
      sources: {
        items: { ...gocardless, key: "items-key", batch: "item" },
        whole: { ...gocardless, key: "whole-key" },
        forms: {
          provider: "mandrill",
          key: "forms-key",
          secrets: [SECRET],
          batch: "item",
          notificationUrl: "https://e.example/m",
        },
      },
      destinations: { billing: { url: "https://billing.example/webhooks" } },
      routes: [{ source: "items", destination: "billing", eventTypes: ["payments.paid_out"] }],
    },
  });
});
beforeEach(() => gateway.query("truncate holdfast.event, holdfast.dedupe, holdfast.delivery, holdfast.duplicate"));
afterAll(() => gateway.close());

/** The bytes of an item, spelled as no JSON writer of ours would. */
const item = (id: string, action = "paid_out") =>
  `{ "id":"${id}","resource_type" : "payments","action":"${action}","n":1.50 }`;
const send = (items: readonly string[], key = "items-key") =>
  post(gateway.url, signedWebhook({ provider: "gocardless", key, body: `{"events":[ ${items.join(" ,\n")} ]}` }));
const events = () =>
  gateway.query<{ body: string; provider_event_id: string; event_type: string; verified_by: string }>(
    "select convert_from(body, 'UTF8') as body, provider_event_id, event_type, verified_by from holdfast.event order by id",
  );
const countOf = async (table: string) =>
  Number((await gateway.query<{ n: string }>(`select count(*) as n from holdfast.${table}`))[0]?.n);
const idsOf = (header = "") => header.split(", ");

it("records one event an item, each with its exact bytes, its own id and type, and its own deliveries", async () => {
  const items = [item("EV1"), item("EV2", "failed"), item("EV3")];
  const answer = await send(items);
  expect([answer.status, answer.headers["holdfast-items"], answer.headers["holdfast-duplicates"]]).toEqual([
    200,
    "3",
    "0",
  ]);
  expect(new Set(idsOf(answer.headers["holdfast-event"])).size).toBe(3);
  expect(answer.headers["holdfast-duplicate"]).toBeUndefined();
  const rows = await events();
  expect(rows.map((row) => row.body).toSorted()).toEqual(items.toSorted());
  expect(rows.map((row) => [row.provider_event_id, row.event_type, row.verified_by]).toSorted()).toEqual([
    ["EV1", "payments.paid_out", "batch_signature"],
    ["EV2", "payments.failed", "batch_signature"],
    ["EV3", "payments.paid_out", "batch_signature"],
  ]);
  expect(await countOf("delivery")).toBe(2);
});

it("knows each item again by itself, in whatever company it comes", async () => {
  await send([item("EV1"), item("EV2")]);
  const again = await send([item("EV2"), item("EV3"), item("EV3"), item("EV1")]);
  expect([again.headers["holdfast-items"], again.headers["holdfast-duplicates"]]).toEqual(["3", "2"]);
  expect(again.headers["holdfast-duplicate"]).toBeUndefined();
  const whole = await send([item("EV3"), item("EV1")]);
  expect([whole.status, whole.headers["holdfast-duplicate"]]).toEqual([200, "true"]);
  expect([await countOf("event"), await countOf("delivery"), await countOf("duplicate")]).toEqual([3, 3, 3]);
});

it("records all items or none: one that cannot be stored takes the others with it, and the sender comes again", async () => {
  await gateway.query(`create function holdfast.refuse_void() returns trigger language plpgsql as
    $$ begin if new.event_type = 'payments.void' then raise exception 'no' using errcode = '23514'; end if; return new; end $$`);
  await gateway.query(
    "create trigger refuse_void before insert on holdfast.event for each row execute function holdfast.refuse_void()",
  );
  const answer = await send([item("EV1"), item("EV2", "void"), item("EV3")]);
  expect([answer.status, faultOf(answer)]).toEqual([503, "database_unavailable"]);
  expect([await countOf("event"), await countOf("delivery"), await countOf("dedupe")]).toEqual([0, 0, 0]);
  await gateway.query("drop trigger refuse_void on holdfast.event");
  expect((await send([item("EV1"), item("EV2", "void"), item("EV3")])).status).toBe(200);
  expect([await countOf("event"), await countOf("delivery")]).toEqual([3, 2]);
});

it("is one event by default, and where a request has no items", async () => {
  const answer = await send([item("EV1"), item("EV2")], "whole-key");
  expect([answer.status, answer.headers["holdfast-items"]]).toEqual([200, undefined]);
  expect(await events()).toMatchObject([{ provider_event_id: null, verified_by: "signature" }]);
  expect((await send([])).headers["holdfast-items"]).toBeUndefined();
  expect(await countOf("event")).toBe(2);
});
