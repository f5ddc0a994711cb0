import { createHash, randomBytes } from "node:crypto";
import { onTestFinished } from "vitest";
import { createFairQueue } from "../../src/domain/fair-queue.ts";
import { placeKey } from "../../src/domain/bucket.ts";
import { newUuid } from "../../src/domain/id.ts";
import type { Ledger } from "../../src/pipeline/ledger.ts";
import type { EventDraft, Recorded } from "../../src/pipeline/record-event.ts";
import { recordEvents } from "../../src/pipeline/record-event.ts";
import type { Transaction } from "../../src/store/database.ts";
import { runOn } from "../../src/store/statement.ts";
import type { Desk } from "./delivery-gateway.ts";

const SOURCE = "0196c0de-0000-7000-8000-000000000001";

/** An event of that key, with an id of its own and without deliveries. */
export function draftEvent(id: string): EventDraft {
  const eventKey = Buffer.from(id);
  const place = placeKey(SOURCE, eventKey);
  const body = randomBytes(8);
  return {
    id: newUuid(Date.now(), place.bucket, randomBytes(8)),
    bucket: place.bucket,
    tenant: "default",
    sourceId: SOURCE,
    keys: [place],
    eventKey,
    providerEventId: id,
    eventType: null,
    payloadVersion: null,
    occurredAt: null,
    signedAt: null,
    receivedAt: new Date(),
    verifiedBy: "signature",
    secretVersion: null,
    method: "POST",
    url: "/",
    remoteAddress: "127.0.0.1",
    headers: Buffer.from("[]"),
    body,
    bodySha256: createHash("sha256").update(body).digest(),
    deliveries: [],
  };
}

/** Records one draft in a transaction of its own. */
export async function recordDraft(desk: Desk, draft: EventDraft, ledger: Ledger): Promise<Recorded> {
  const done = await desk.db.transaction(
    (tx) => recordEvents(tx, [draft], { ledger, now: new Date(), isRepeat: false, ranks: createFairQueue() }),
    30_000,
  );
  if (!done.ok) throw new Error(done.message);
  return done.value[0]!;
}

/** A transaction that the test ends when it likes; given up with the test at the latest. */
export async function openTransaction(
  desk: Desk,
): Promise<{ readonly tx: Transaction; end(how: "COMMIT" | "ROLLBACK"): Promise<void> }> {
  const client = await desk.db.pool.connect();
  let isOpen = true;
  const end = async (how: "COMMIT" | "ROLLBACK"): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await client.query(how);
    client.release();
  };
  onTestFinished(() => end("ROLLBACK"));
  await client.query("BEGIN");
  const sent: Promise<unknown>[] = [];
  const tx: Transaction = {
    client,
    run: (statement, values) => runOn(client, statement, values),
    send: (statement, values) => void sent.push(runOn(client, statement, values)),
    inOrder: async (steps) => {
      for (const step of steps) await step();
    },
  };
  return { tx, end };
}
