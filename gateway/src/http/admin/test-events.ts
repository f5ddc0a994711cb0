import { z } from "@hono/zod-openapi";
import type { Source } from "../../domain/catalog.ts";
import { toPublicId } from "../../domain/id.ts";
import type { IngestResult } from "../../pipeline/arrival.ts";
import { signRequest } from "../../pipeline/sign-request.ts";
import { catalogOf } from "./catalog-operations.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { conflict, notFound } from "./refusal.ts";

const inputSchema = z.strictObject({
  eventType: z
    .string()
    .regex(/^[\w.:/*-]{1,128}$/, "must be 1 to 128 letters, digits, dots, colons, slashes, - or _")
    .optional()
    .openapi({ description: "The provider's best known one when absent" }),
});

export const answerSchema = z
  .object({
    outcome: z.enum(["recorded", "duplicate", "rejected", "put_off"]),
    eventType: z.string(),
    eventId: z.string().nullable(),
    rejectionId: z.string().nullable(),
    detail: z.string(),
  })
  .openapi("TestEvent", {
    example: {
      outcome: "recorded",
      eventType: "invoice.paid",
      eventId: "evt_01jdaqt3k0e0080000000000zz",
      rejectionId: null,
      detail: "It was verified and recorded, and goes the way of any event.",
    },
  });
type TestEvent = z.infer<typeof answerSchema>;

/** Signs a sample with the source's own secret and takes it in as the door would: verified, recorded, delivered. */
async function send(
  context: OperationContext,
  id: string,
  input: z.infer<typeof inputSchema>,
): Promise<Handled<TestEvent>> {
  const { deps, requestId, principal } = context;
  const source = catalogOf(context).findSource(id);
  if (source === null) return notFound("source", id);
  const { samples, takeIn } = deps;
  const inTerminal = `npx holdfast send ${source.provider} --source ${source.name}`;
  if (samples === undefined || takeIn === undefined)
    return conflict(`This process takes no events in. Send one from a terminal: ${inTerminal}`);
  if (source.state === "disabled") return conflict(`The source ${source.name} is disabled; set it active first.`);
  const now = deps.clock.now();
  const eventType = input.eventType ?? samples.eventTypes(source.provider)[0] ?? "sample";
  const signed = sign(context, source, samples.build(source.provider, eventType, now), now);
  if (!signed.ok) return conflict(`The source ${source.name} cannot sign: ${signed.message}`);
  const result = await takeIn(source.key, {
    method: "POST",
    url: signed.path,
    headers: signed.headers,
    body: signed.body,
    remoteAddress: "127.0.0.1",
    receivedAt: now,
  });
  deps.log.info({ requestId, source: source.name, by: principal.keyId, outcome: result.kind }, "a test event was sent");
  return { ok: true, value: { eventType, ...describe(result) } };
}

function sign(
  { deps }: OperationContext,
  source: Source,
  sample: { readonly headers: readonly (readonly [string, string])[]; readonly body: string },
  now: Date,
) {
  const path = `/in/${source.key}`;
  const headers: readonly (readonly [string, string])[] = [["host", new URL(deps.ingestUrl).host], ...sample.headers];
  const request = { method: "POST", url: `${deps.ingestUrl}${path}`, headers, body: Buffer.from(sample.body) };
  const signed = signRequest(source, request, now);
  if (!signed.ok) return signed;
  const added = new Set(signed.headers.map(([name]) => name.toLowerCase()));
  // What the provider adds takes the place of a header of the same name.
  const kept = headers.filter(([name]) => !added.has(name.toLowerCase()));
  const { pathname, search } = new URL(signed.url);
  const isOurs = pathname === path;
  return {
    ok: true,
    headers: [...kept, ...signed.headers],
    body: signed.body,
    path: isOurs ? `${path}${search}` : path,
  } as const;
}

function describe(result: IngestResult): Omit<TestEvent, "eventType"> {
  const none = { eventId: null, rejectionId: null };
  switch (result.kind) {
    case "recorded":
      return {
        outcome: "recorded",
        ...none,
        eventId: toPublicId("evt", result.eventId),
        detail: "It was verified and recorded, and goes the way of any event.",
      };
    case "duplicate":
      return {
        outcome: "duplicate",
        ...none,
        eventId: toPublicId("evt", result.eventId),
        detail: "An event of this id is recorded already; nothing is delivered a second time.",
      };
    case "rejected":
      return {
        outcome: "rejected",
        ...none,
        rejectionId: toPublicId("rej", result.rejectionId),
        detail: `It was rejected: ${result.reason.replaceAll("_", " ")}.`,
      };
    case "handshake":
      return { outcome: "put_off", ...none, detail: "The source took it for a check of its URL and answered it." };
    case "refused":
      return { outcome: "put_off", ...none, detail: "Too much is coming in just now; send it again in a while." };
    case "unavailable":
      return {
        outcome: "put_off",
        ...none,
        detail: `It could not be taken in (${result.cause.replaceAll("_", " ")}); send it again.`,
      };
  }
}

export const testEventOperations = [
  operation({
    method: "post",
    path: "/sources/{id}/test-event",
    tag: "Sources",
    summary: "Send a signed sample through a source",
    description:
      "The sample is signed with the source's own secret and taken in as if its provider had posted it: it is recorded, and delivered where routes lead. 409 where this process does not take events in, and where the provider sends the secret itself.",
    body: { schema: inputSchema, optional: true, example: { eventType: "invoice.paid" } },
    answer: answerSchema,
    handle: (context, { id, body }) => send(context, id, body),
  }),
];
