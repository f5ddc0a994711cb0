import { z } from "@hono/zod-openapi";
import { checkDefinition } from "../../domain/definition.ts";
import type { ApplyPlan } from "../../pipeline/apply-definition.ts";
import { applyDefinition, nameThing } from "../../pipeline/apply-definition.ts";
import { catalogOf, readAgain } from "./catalog-operations.ts";
import { destinationSchema, routeSchema, sourceSchema, toDestination, toRoute, toSource } from "./catalog-shape.ts";
import { definitionCheckers } from "../../pipeline/definition-checkers.ts";
import { definitionSchema } from "./definition-schemas.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { toRefusal } from "./refusal.ts";

const configurationSchema = z
  .object({
    version: z.number().int(),
    sources: z.array(sourceSchema),
    destinations: z.array(destinationSchema),
    routes: z.array(routeSchema),
  })
  .openapi("Configuration");

const appliedSchema = z
  .object({
    dryRun: z.boolean(),
    created: z.array(z.string()),
    updated: z.array(z.string()),
    disabled: z.array(z.string()),
    unchanged: z.number().int(),
    changes: z.array(z.object({ thing: z.string(), fields: z.array(z.string()) })),
  })
  .openapi("Applied", {
    example: {
      dryRun: true,
      created: ["source/stripe"],
      updated: ["destination/billing"],
      disabled: [],
      unchanged: 3,
      changes: [{ thing: "destination/billing", fields: ["policy"] }],
    },
  });

const applyInput = z.strictObject({ definition: z.unknown(), dryRun: z.boolean().default(false) });

function show(context: OperationContext): z.infer<typeof configurationSchema> {
  const own = catalogOf(context);
  return {
    version: own.version,
    sources: own.sources.map((source) => toSource(source, context.deps.ingestUrl)),
    destinations: own.destinations.map(toDestination),
    routes: own.routes.map((route) => toRoute(route, own)),
  };
}

async function apply(
  context: OperationContext,
  input: z.infer<typeof applyInput>,
): Promise<Handled<z.infer<typeof appliedSchema>>> {
  const { deps, principal } = context;
  const checked = checkDefinition(input.definition, definitionCheckers(deps.egressPolicy));
  if (!checked.ok) return { ok: false, code: "invalid_input", faults: checked.faults };
  // As a start does: under another origin each would leave running what the other one's file has dropped.
  const options = { origin: "file", dryRun: input.dryRun, tenant: principal.tenant } as const;
  const applied = await applyDefinition(deps, checked.definition, options);
  if (!applied.ok) return toRefusal(applied);
  if (!input.dryRun) {
    await readAgain(deps.catalog);
    deps.wake();
  }
  return { ok: true, value: toApplied(applied.plan, input.dryRun) };
}

function toApplied(plan: ApplyPlan, dryRun: boolean): z.infer<typeof appliedSchema> {
  return {
    dryRun,
    created: plan.created.map(nameThing),
    updated: plan.updated.map(nameThing),
    disabled: plan.disabled.map(nameThing),
    unchanged: plan.unchanged,
    changes: plan.updated.map((thing) => ({ thing: nameThing(thing), fields: [...thing.fields] })),
  };
}

const tag = "Configuration";

export const configurationOperations = [
  operation({
    method: "get",
    path: "/configuration",
    tag,
    summary: "Everything that is configured, without secrets",
    answer: configurationSchema,
    handle: async (context) => ({ ok: true, value: show(context) }),
  }),
  operation({
    method: "post",
    path: "/configuration",
    tag,
    summary: "Apply a configuration as a whole, or say what applying it would do",
    description:
      "The same as what a start does with its configuration file. What was declared before, by a start or here, and is not declared any more is put out of use: sources and routes are disabled, destinations paused. Nothing is deleted, and what was made one by one through this API stays as it is.",
    body: {
      schema: applyInput,
      documented: z.object({ definition: definitionSchema, dryRun: z.boolean().optional() }),
      example: {
        dryRun: true,
        definition: {
          sources: { stripe: { provider: "stripe", secrets: ["whsec_…"] } },
          destinations: { billing: { url: "https://billing.example.com/webhooks" } },
          routes: [{ source: "stripe", destination: "billing", eventTypes: ["invoice.*"] }],
        },
      },
    },
    answer: appliedSchema,
    hasChanged: ({ dryRun, created, updated, disabled }) =>
      !dryRun && created.length + updated.length + disabled.length > 0,
    handle: (context, { body }) => apply(context, body),
  }),
];
