import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stored } from "../support/count-stored.ts";
import { countStored, countStrayLines, STORED_NOT, STORED_ONCE } from "../support/count-stored.ts";
import { parsePublicId } from "../../src/domain/id.ts";
import { until } from "../support/embedded.ts";
import type { FaultProxy } from "../support/fault-proxy.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import type { IngestGateway, SignedWebhook } from "../support/ingest-gateway.ts";
import { PAYMENTS, SECRET, post, signedWebhook, startIngestGateway, stripeEvent } from "../support/ingest-gateway.ts";
import type { RawAnswer } from "../support/raw-http.ts";

let gateway: IngestGateway;
let proxy: FaultProxy;

beforeAll(async () => {
  gateway = await startIngestGateway({
    content: {
      ...PAYMENTS,
      sources: {
        ...(PAYMENTS["sources"] as object),
        hub: { provider: "github", key: "hub-source-key", secrets: [SECRET] },
      },
      ingest: { recordDeadlineMs: 30_000, databaseConnections: 1 },
    },
    reach: async (url) => {
      proxy = await startFaultProxy(url);
      return proxy.url;
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await proxy.close();
});

const stored = (id: string): Promise<Stored> => countStored(gateway, id);
const isWaiting = (count: number): Promise<void> =>
  until(async () => (await gateway.metric("holdfast_record_queue_events")) === count);

/** Posts these while the one lane is taken by another: they gather behind that, which waits at the gateway's own connection. */
async function postTogether(first: SignedWebhook, webhooks: readonly SignedWebhook[]): Promise<RawAnswer[]> {
  await isWaiting(0);
  proxy.freeze();
  const opening = post(gateway.url, first);
  await isWaiting(1);
  const answers = webhooks.map((webhook) => post(gateway.url, webhook));
  await isWaiting(1 + webhooks.length);
  proxy.thaw();
  expect((await opening).status).toBe(200);
  return Promise.all(answers);
}

/** How many batches held more than four. */
const countLarge = async (): Promise<number> =>
  (await gateway.metric("holdfast_record_batch_events_count")) -
  (await gateway.metric("holdfast_record_batch_events_bucket", 'le="4"'));

describe("when one event of a batch cannot be stored", () => {
  const refuseAtOnce =
    "alter table holdfast.event add constraint poisoned check (provider_event_id is distinct from 'evt_poison')";
  const refusal = (code: string): string => `
    create function holdfast.refuse_poison() returns trigger language plpgsql as
      $$ begin raise exception 'poisoned' using errcode = '${code}'; end $$;`;
  const undoRefusal = "drop trigger poisoned on holdfast.event; drop function holdfast.refuse_poison";
  const refuseByTrigger = `${refusal("P0001")}
    create trigger poisoned before insert on holdfast.event
      for each row when (new.provider_event_id = 'evt_poison') execute function holdfast.refuse_poison()`;
  const refuseAtCommit = `${refusal("23514")}
    create constraint trigger poisoned after insert on holdfast.event deferrable initially deferred
      for each row when (new.provider_event_id = 'evt_poison') execute function holdfast.refuse_poison()`;

  it.each([
    ["as it is inserted", refuseAtOnce, "alter table holdfast.event drop constraint poisoned"],
    ["by a trigger of somebody's own", refuseByTrigger, undoRefusal],
    ["at COMMIT", refuseAtCommit, undoRefusal],
  ])("%s, the others are, and it is not acknowledged", async (when, refuse, undo) => {
    await gateway.query(refuse);
    try {
      const large = await countLarge();
      const ids = ["a", "b", "poison", "c", "d"].map((name) =>
        name === "poison" ? "evt_poison" : `evt_${when}_${name}`,
      );
      const answers = await postTogether(
        stripeEvent(`evt_${when}_first`),
        ids.map((id) => stripeEvent(id)),
      );
      const statuses = answers.map((answer) => answer.status);
      expect(statuses).toEqual([200, 200, 503, 200, 200]);
      expect(await stored("evt_poison")).toEqual(STORED_NOT);
      expect(await countStrayLines(gateway)).toBe(0);
      for (const id of ids) if (id !== "evt_poison") expect(await stored(id)).toEqual(STORED_ONCE);
      expect(await countLarge()).toBeGreaterThan(large);
    } finally {
      await gateway.query(undo);
    }
  });
});

it("a chain of copies in one batch, by id and by bytes, is answered with events that are stored", async () => {
  const push = (id: string, body: string): SignedWebhook =>
    signedWebhook({
      provider: "github",
      key: "hub-source-key",
      body,
      headers: [
        ["x-github-delivery", id],
        ["x-github-event", "push"],
      ],
    });
  // The second is a copy of the first by its id; the third is one of the second by its bytes, and of nothing that is stored.
  const chains = Array.from({ length: 12 }, (_, i) => [
    push(`chain-${i}-a`, `{"chain":${i},"after":"1"}`),
    push(`chain-${i}-a`, `{"chain":${i},"after":"2"}`),
    push(`chain-${i}-b`, `{"chain":${i},"after":"2"}`),
  ]).flat();
  for (const answer of await postTogether(stripeEvent("evt_chain_first"), chains)) {
    const eventId = parsePublicId("evt", answer.headers["holdfast-event"] ?? "");
    const found = await gateway.query("select 1 from holdfast.event where id = $1", [eventId]);
    expect([answer.status, found.length]).toEqual([200, 1]);
  }
  expect(await countStrayLines(gateway)).toBe(0);
});
