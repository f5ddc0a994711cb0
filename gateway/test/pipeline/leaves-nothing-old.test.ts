import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { sign } from "@holdfast/verify";
import { expect, it } from "vitest";
import { write } from "../../src/http/answer.ts";
import { draftEvent } from "../../src/pipeline/draft-event.ts";
import { linesOf, toEventColumns, toLineColumns } from "../../src/pipeline/record-columns.ts";
import { verifyArrival } from "../../src/pipeline/verify-arrival.ts";
import { NOW, arrivalOf, readyOf, secretOf } from "../support/catalog-rows.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** What only a collection of the whole heap takes back. */
function oldBytes(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => !name.startsWith("new_"));
  return spaces.reduce((sum, { space_used_size: used }) => sum + used, 0);
}

const body = JSON.stringify({ id: "evt_1", type: "invoice.paid", data: { object: { note: "x".repeat(500) } } });
const request = { method: "POST", url: "/in/pay-key", headers: [], body: Buffer.from(body) };
const signed = sign({ provider: "stripe", receiver: { secrets: [secretOf("pay")] }, request, now: NOW });
const ready = readyOf({ id: randomUUID() });
const asked = { complete: true } as IncomingMessage;
const response = { destroyed: false, headersSent: false, writeHead: () => response, end: () => response };

/** The way of one request through everything of ours that costs no I/O. */
function pass(): void {
  const arrival = arrivalOf(body, signed);
  const verification = verifyArrival(ready, arrival, null);
  if (verification.kind !== "verified") throw new Error(verification.kind);
  const draft = draftEvent(ready, arrival, verification.verdict, randomBytes);
  toLineColumns(linesOf([draft]), 0);
  toEventColumns([draft]);
  write(asked, response as unknown as ServerResponse, {
    status: 200,
    headers: { "holdfast-event": draft.id },
    body: "",
  });
}

it("a request leaves next to nothing in the old generation: a copy with new fields behind its spread leaves a hidden class each", () => {
  const times = 4_000;
  for (let i = 0; i < times; i++) pass();
  collect();
  const before = oldBytes();
  for (let i = 0; i < times; i++) pass();
  expect((oldBytes() - before) / times).toBeLessThan(150);
});
