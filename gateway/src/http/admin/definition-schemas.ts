import { z } from "@hono/zod-openapi";
import { NAME_RULE } from "../../domain/definition.ts";
import { RECEIVER_FIELD_NAMES } from "../../domain/source-definition.ts";
import { PRIORITIES } from "../../domain/priority.ts";
import { BATCH_MODES, LANE_WEIGHT_MAX, RATE_PER_SEC_MAX } from "../../domain/source-policy.ts";

/**
 * What the API's documentation shows of declared things. The checks themselves are the domain's, the same as for the
 * configuration file, because they tell every fault with its path and the nearest known name.
 */
const name = z.string().openapi({ description: NAME_RULE });

const secret = z.union([
  z.string(),
  z.object({
    value: z.string().optional().openapi({ description: "In a change it may be left out for a version that exists" }),
    version: z.string().optional(),
    notAfter: z.iso.datetime().optional(),
    allowShort: z.boolean().optional(),
  }),
]);

const receiverFields = Object.fromEntries(
  RECEIVER_FIELD_NAMES.map((field) => [
    field,
    z.unknown().openapi({ description: "A field of the receiver configuration, where the provider's scheme needs it" }),
  ]),
);

const selector = z.string().openapi({ description: "source, type, header:<name> or body:/<JSON pointer>" });

/** How a source's events are queued; see domain/source-policy.ts. */
const sourcePolicyFields = {
  priority: z.enum(PRIORITIES).optional().openapi({ description: "For routes that declare none" }),
  lane: selector.optional(),
  laneWeight: z.number().int().min(1).max(LANE_WEIGHT_MAX).optional(),
  ratePerSec: z.number().int().min(1).max(RATE_PER_SEC_MAX).optional(),
  burst: z.number().int().min(1).max(RATE_PER_SEC_MAX).optional(),
  confirmSubscriptions: z.boolean().optional().openapi({ description: "Amazon SNS; see docs/configuration.md" }),
  batch: z.enum(BATCH_MODES).optional().openapi({ description: "What a request of several events becomes" }),
};

/** How a route chooses and delivers; see domain/route-policy.ts. */
const routePolicyFields = {
  when: z.string().optional().openapi({ description: "A CEL expression over event; see docs/configuration.md" }),
  orderBy: z.string().optional().openapi({ description: "A selector: deliveries of one value keep their order" }),
};

export const sourceDefinitionSchema = z
  .object({
    provider: z.string(),
    key: z.string().optional(),
    secrets: z.array(secret).optional(),
    bodyBytesMax: z.number().int().optional(),
    ...sourcePolicyFields,
    ...receiverFields,
  })
  .openapi("SourceDefinition");

export const destinationDefinitionSchema = z
  .object({
    url: z.string().optional(),
    handler: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    timeoutMs: z.number().int().optional(),
    retry: z
      .object({ scheduleSec: z.array(z.number()).optional(), refusalsMax: z.number().int().optional() })
      .optional(),
    concurrency: z.number().int().optional().openapi({ description: "Attempts under way at once, over all processes" }),
    ratePerSec: z.number().optional().openapi({ description: "Attempts begun per second, over all processes" }),
    burst: z.number().int().optional().openapi({ description: "How many may begin at once after a quiet time" }),
    signingSecret: z.string().optional(),
  })
  .openapi("DestinationDefinition");

export const routeDefinitionSchema = z
  .object({
    name: z.string().optional(),
    source: z.string(),
    destination: z.string(),
    eventTypes: z.array(z.string()).optional(),
    priority: z.enum(PRIORITIES).optional().openapi({ description: "Default: the source's" }),
    ...routePolicyFields,
  })
  .openapi("RouteDefinition");

export const definitionSchema = z
  .object({
    sources: z.record(z.string(), sourceDefinitionSchema).optional(),
    destinations: z.record(z.string(), destinationDefinitionSchema).optional(),
    routes: z.array(routeDefinitionSchema).optional(),
  })
  .openapi("Definition");

export const sourceInputSchema = sourceDefinitionSchema.extend({ name }).openapi("SourceInput");
export const destinationInputSchema = destinationDefinitionSchema.extend({ name }).openapi("DestinationInput");

/** Any JSON object: the shape that is parsed before the domain's own check. */
export const looseObject = z.record(z.string(), z.unknown());
