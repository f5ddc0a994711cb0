import { z } from "@hono/zod-openapi";
import { listProviders } from "../../pipeline/provider-table.ts";
import type { OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";

export const providerSchema = z
  .object({
    slug: z.string(),
    name: z.string(),
    receiverFields: z
      .array(z.string())
      .openapi({ description: "The fields of a source without which nothing verifies" }),
    choosesSecret: z.boolean().openapi({ description: "The secret is chosen here and typed in at the provider" }),
    signsUrl: z.boolean().openapi({ description: "The URL is signed, so that a source must be told it as registered" }),
    handshake: z.boolean(),
    handshakeNote: z.string(),
    signedContent: z.string(),
    eventIdFrom: z.string(),
    dedupeKey: z.string(),
    notCovered: z.string(),
    toleranceSec: z.number().nullable(),
    methods: z.array(z.string()),
    securityHeaders: z.array(z.string()),
    notes: z.string(),
    sampleTypes: z.array(z.string()).openapi({ description: "Event types of which there are samples" }),
  })
  .openapi("Provider");

function list({ deps }: OperationContext) {
  const items = listProviders().map((provider) => ({
    slug: provider.slug,
    name: provider.name,
    receiverFields: [...provider.receiverFields],
    choosesSecret: provider.choosesSecret,
    signsUrl: provider.signsUrl,
    handshake: provider.handshake,
    handshakeNote: provider.handshakeNote,
    signedContent: provider.signedContent,
    eventIdFrom: provider.eventIdFrom,
    dedupeKey: provider.dedupeKey,
    notCovered: provider.notCovered,
    toleranceSec: provider.toleranceSec,
    methods: [...provider.methods],
    securityHeaders: [...provider.securityHeaders],
    notes: provider.notes,
    sampleTypes: [...(deps.samples?.eventTypes(provider.slug) ?? [])],
  }));
  return { ok: true, value: { items, nextCursor: null } } as const;
}

export const providerOperations = [
  operation({
    method: "get",
    path: "/providers",
    tag: "Sources",
    summary: "Every provider that a source can have, with what it needs and how it signs",
    answer: z.object({ items: z.array(providerSchema), nextCursor: z.null() }),
    handle: (context) => Promise.resolve(list(context)),
  }),
];
