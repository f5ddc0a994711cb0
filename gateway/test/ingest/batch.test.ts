import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Stored } from "../support/count-stored.ts";
import { countStored, countStrayLines, STORED_NOT, STORED_ONCE } from "../support/count-stored.ts";
import { parsePublicId } from "../../src/domain/id.ts";
import type { FaultProxy } from "../support/fault-proxy.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import type { IngestGateway, SignedWebhook } from "../support/ingest-gateway.ts";
import { PAYMENTS, SECRET, post, signedWebhook, startIngestGateway, stripeEvent } from "../support/ingest-gateway.ts";

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
      const batches = await gateway.metric("holdfast_record_batch_events_count");
      // The one lane waits at the gateway's own connection while the others gather behind it.
      proxy.freeze();
      const ids = ["a", "b", "poison", "c", "d"].map((name) =>
        name === "poison" ? "evt_poison" : `evt_${when}_${name}`,
      );
      const answers = ids.map((id) => post(gateway.url, stripeEvent(id)));
      while ((await gateway.metric("holdfast_ingest_connections")) < ids.length) continue;
      proxy.thaw();
      const statuses = (await Promise.all(answers)).map((answer) => answer.status);
      expect(statuses).toEqual([200, 200, 503, 200, 200]);
      expect(await stored("evt_poison")).toEqual(STORED_NOT);
      expect(await countStrayLines(gateway)).toBe(0);
      for (const id of ids) if (id !== "evt_poison") expect(await stored(id)).toEqual(STORED_ONCE);
      expect(await gateway.metric("holdfast_record_batch_events_count")).toBeGreaterThan(batches);
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
  proxy.freeze();
  const answers = [stripeEvent("evt_chain_first"), ...chains].map((webhook) => post(gateway.url, webhook));
  while ((await gateway.metric("holdfast_ingest_connections")) < answers.length) continue;
  proxy.thaw();
  for (const answer of await Promise.all(answers)) {
    const eventId = parsePublicId("evt", answer.headers["holdfast-event"] ?? "");
    const found = await gateway.query("select 1 from holdfast.event where id = $1", [eventId]);
    expect([answer.status, found.length]).toEqual([200, 1]);
  }
  expect(await countStrayLines(gateway)).toBe(0);
});
