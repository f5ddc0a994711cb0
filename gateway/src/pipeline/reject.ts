import { hash } from "node:crypto";
import { newUuid } from "../domain/id.ts";
import { createBytePack } from "../store/byte-pack.ts";
import { FAULTS } from "../platform/fault.ts";
import { insertRejections } from "../store/rejections/insert-rejections.ts";
import type { Queryable } from "../store/statement.ts";
import type { Arrival, ReadySource, RejectionFault } from "./arrival.ts";
import { toColumnText, toStoredHeaders, toStoredUrl } from "./arrival.ts";
import type { RejectionDiagnosis } from "./explain-refusal.ts";
import { isUnjudged } from "./incomplete-receiver.ts";

/** Keeps rejections in the background: the refusal needs no database, and a flood of forgeries must not fill the disk. */
export interface RejectionKeeper {
  /** @returns the rejection's id, whether or not it will be stored */
  keep(ready: ReadySource, arrival: Arrival, reason: string, diagnosis: RejectionDiagnosis): string;
}

/** A rejection that is ready to be stored. */
export interface RejectionDraft {
  readonly id: string;
  readonly bucket: number;
  readonly tenant: string;
  readonly sourceId: string;
  readonly receivedAt: Date;
  /** What its sender is answered. */
  readonly status: number;
  readonly reason: string;
  readonly diagnosis: string;
  readonly method: string;
  readonly url: string;
  readonly remoteAddress: string;
  readonly headers: Uint8Array;
  readonly body: Uint8Array;
  readonly bodySha256: Uint8Array;
}

const URL_MAX = 4_096;

/**
 * What a rejection is answered with, and kept as answered. One answer for all that was judged: the reason is for the source's
 * owner, not for whoever tries signatures.
 */
export function faultOfRejection(reason: string, ready: Pick<ReadySource, "provider">): RejectionFault {
  if (isUnjudged(reason, ready)) return "source_incomplete";
  return reason === "method_not_allowed" ? reason : "not_genuine";
}

export function draftRejection(
  ready: ReadySource,
  arrival: Arrival,
  reason: string,
  diagnosis: RejectionDiagnosis,
  random: (bytes: number) => Uint8Array,
): RejectionDraft {
  const seed = random(10);
  const bucket = ((seed[8]! << 8) | seed[9]!) & 0xfff;
  return {
    id: newUuid(arrival.receivedAt.getTime(), bucket, seed),
    bucket,
    tenant: ready.source.tenant,
    sourceId: ready.source.id,
    receivedAt: arrival.receivedAt,
    status: FAULTS[faultOfRejection(reason, ready)].status,
    reason,
    diagnosis: JSON.stringify(diagnosis).toWellFormed(),
    method: arrival.method,
    url: toColumnText(toStoredUrl(arrival.url, ready.provider?.secretQuery ?? []), URL_MAX),
    remoteAddress: arrival.remoteAddress,
    headers: toStoredHeaders(arrival.headers, ready.provider?.secretHeaders ?? []),
    body: arrival.body,
    bodySha256: hash("sha256", arrival.body, "buffer"),
  };
}

/** Writes a batch of rejections; safe to repeat. */
export async function storeRejections(tx: Queryable, drafts: readonly RejectionDraft[]): Promise<void> {
  const pack = createBytePack();
  const places = drafts.map((draft) => ({
    headers: pack.add(draft.headers),
    body: pack.add(draft.body),
    hash: pack.add(draft.bodySha256),
  }));
  await tx.run(insertRejections, [
    pack.toBuffer(),
    drafts.map((draft) => draft.bucket),
    drafts.map((draft) => draft.id),
    drafts.map((draft) => draft.tenant),
    drafts.map((draft) => draft.sourceId),
    drafts.map((draft) => draft.receivedAt.toISOString()),
    drafts.map((draft) => draft.status),
    drafts.map((draft) => draft.reason),
    drafts.map((draft) => draft.diagnosis),
    drafts.map((draft) => draft.method),
    drafts.map((draft) => draft.url),
    drafts.map((draft) => draft.remoteAddress),
    places.map((place) => place.headers.at),
    places.map((place) => place.headers.length),
    places.map((place) => place.body.at),
    places.map((place) => place.body.length),
    places.map((place) => place.hash.at),
  ]);
}
