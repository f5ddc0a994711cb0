import { z } from "@hono/zod-openapi";
import type { Destination } from "../../domain/catalog.ts";
import type { DestinationDefinition } from "../../domain/definition.ts";
import { checkDestination } from "../../domain/destination-definition.ts";
import type { DestinationPlan } from "../../domain/destination-plan.ts";
import {
  DISABLED_BY_API,
  planDestination,
  planDestinationState,
  toDefinition,
  withDestinationState,
} from "../../domain/destination-plan.ts";
import type { Place } from "../../domain/field-checks.ts";
import { isPlainObject, readText, report, within } from "../../domain/field-checks.ts";
import { isSecretHeader, refuseMovedSecret } from "../../domain/moved-secret.ts";
import { newCatalogId, newSigningSecret } from "../../pipeline/apply-definition.ts";
import type { Planned } from "../../pipeline/change-catalog.ts";
import {
  catalogOf,
  changeOne,
  describeTaken,
  madeButUnread,
  refuseDeclared,
  refuseFaults,
  startCheck,
  takeName,
} from "./catalog-operations.ts";
import { destinationSchema, toDestination } from "./catalog-shape.ts";
import { destinationDetailSchema, showDetail } from "./destination-detail.ts";
import { definitionCheckers } from "../../pipeline/definition-checkers.ts";
import { destinationDefinitionSchema, destinationInputSchema, looseObject } from "./definition-schemas.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { pageOf, pageQuery, readCursor, toPage } from "./page.ts";
import { conflict, notFound } from "./refusal.ts";

type Answer = Promise<Handled<z.infer<typeof destinationSchema>>>;
type Body = Readonly<Record<string, unknown>>;

const NAME = /^[a-z0-9-]{1,127}$/;

async function listPage(context: OperationContext, query: { limit: number; cursor?: string | undefined }) {
  const start = readCursor(["destinations"], query.cursor, 1, NAME);
  if (!start.ok) return start;
  const after = start.after?.[0] ?? "";
  const rows = catalogOf(context).destinations.filter(({ name }) => name > after);
  return { ok: true, value: toPage(["destinations"], rows, query.limit, ({ name }) => [name], toDestination) } as const;
}

async function get(context: OperationContext, id: string) {
  const destination = catalogOf(context).findDestination(id);
  return destination === null ? notFound("destination", id) : showDetail(context, destination);
}

async function create(context: OperationContext, body: Body): Answer {
  const { deps, principal } = context;
  const changed = await changeOne(context, (own): Planned => {
    const place = startCheck();
    const { name, rest } = takeName(place, body);
    const definition = checkDestination(place, rest, definitionCheckers(deps.egressPolicy).vetUrl);
    if (definition === null || place.faults.length > 0) return refuseFaults(place.faults);
    const known = own.findDestination(name);
    if (known !== null) return { ok: false, cause: "conflict", message: describeTaken("destination", known) };
    const declared = { tenant: principal.tenant, name, origin: "api", newId: newCatalogId(deps) } as const;
    const made = { ...declared, newSigningSecret: newSigningSecret(deps.random) };
    return { ok: true, items: [planDestination(null, definition, made)] };
  });
  if (!changed.ok) return changed;
  const shown = show(context, changed.id);
  const secret = changed.item.kind === "destination" ? changed.item.signingSecret : null;
  // Shown this once without being asked for: whoever makes a destination needs it to verify deliveries.
  if (!shown.ok || !("value" in shown) || secret === null) return shown;
  return { ok: true, value: { ...shown.value, signingSecret: secret } };
}

async function change(context: OperationContext, id: string, body: Body): Answer {
  const changed = await changeOne(context, (own): Planned => {
    const present = own.findDestination(id);
    if (present === null) return { ok: false, cause: "missing", message: `There is no destination ${id}.` };
    const place = startCheck();
    const { state: wanted, stateReason, ...fields } = body;
    const state = readState(place, wanted);
    const reason = readText(within(place, "stateReason"), stateReason, 200) ?? "paused through the API";
    const hasFields = Object.keys(fields).length > 0;
    // Pausing is an act of operation, not of configuration: it works whoever declared the destination.
    const declaredElsewhere = hasFields ? refuseDeclared("destination", present) : null;
    if (declaredElsewhere !== null) return declaredElsewhere;
    const plan = hasFields ? planFields(context, place, present, fields) : planUnchanged(present);
    if (plan === null || place.faults.length > 0) return refuseFaults(place.faults);
    return { ok: true, items: [state === null ? plan : withDestinationState(plan, present, state, reason)] };
  });
  return changed.ok ? show(context, changed.id) : changed;
}

function readState(place: Place, state: unknown): "active" | "paused" | null {
  if (state === undefined || state === "active" || state === "paused") return state ?? null;
  return report(within(place, "state"), "must be active or paused; DELETE disables a destination");
}

function planUnchanged(present: Destination): DestinationPlan {
  return { ...planDestinationState(present, present.state, present.stateReason ?? ""), waiting: "leave" };
}

function planFields(
  context: OperationContext,
  place: Place,
  present: Destination,
  fields: Body,
): DestinationPlan | null {
  const { deps } = context;
  const definition = checkDestination(place, merge(present, fields), definitionCheckers(deps.egressPolicy).vetUrl);
  if (definition === null || (!("headers" in fields) && movesCredential(place, present, definition))) return null;
  const { tenant, name, origin, state, stateReason, id } = present;
  const declared = { tenant, name, origin, newId: id, newSigningSecret: newSigningSecret(deps.random) };
  // The state is not the fields' matter: what was paused stays paused, for whatever reason.
  return { ...planDestination(present, definition, declared), state, stateReason, waiting: "leave" };
}

// Whoever may change the URL may not read what the stored headers hold.
function movesCredential(place: Place, { target, headers }: Destination, { url }: DestinationDefinition): boolean {
  if (target.kind !== "http" || url === undefined || !headers.some(([name]) => isSecretHeader(name))) return false;
  const recipients = { before: new URL(target.url).origin, after: new URL(url).origin };
  return refuseMovedSecret(within(place, "headers"), recipients);
}

/** The destination as declared with the given fields put over it; null takes a field away, and with it the old kind. */
function merge(present: Destination, fields: Body): Body {
  const merged: Record<string, unknown> = { ...(toDefinition(present) satisfies DestinationDefinition) };
  if (typeof fields["handler"] === "string") {
    delete merged["url"];
    delete merged["headers"];
  }
  if (typeof fields["url"] === "string") delete merged["handler"];
  for (const [name, value] of Object.entries(fields)) {
    if (value === null) delete merged[name];
    else if (name === "retry" && isPlainObject(value))
      merged[name] = { ...(merged[name] as object | undefined), ...value };
    else merged[name] = value;
  }
  return merged;
}

async function disable(context: OperationContext, id: string): Answer {
  const changed = await changeOne(context, (own): Planned => {
    const present = own.findDestination(id);
    if (present === null) return { ok: false, cause: "missing", message: `There is no destination ${id}.` };
    const declaredElsewhere = refuseDeclared("destination", present);
    if (declaredElsewhere !== null) return declaredElsewhere;
    // One that its answers have disabled, too: that somebody means it to stay so ends the alert about it.
    return { ok: true, items: [planDestinationState(present, "disabled", DISABLED_BY_API)] };
  });
  return changed.ok ? show(context, changed.id) : changed;
}

function show(context: OperationContext, id: string): Handled<z.infer<typeof destinationSchema>> {
  const destination = catalogOf(context).destinations.find((item) => item.id === id);
  return destination === undefined ? madeButUnread : { ok: true, value: toDestination(destination) };
}

const secretAnswer = z
  .object({ signingSecret: z.string() })
  .openapi({ example: { signingSecret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw5mNtdlzwE0U=" } });

async function showSecret(context: OperationContext, id: string): Promise<Handled<z.infer<typeof secretAnswer>>> {
  const destination = catalogOf(context).findDestination(id);
  if (destination === null) return notFound("destination", id);
  const { deps, principal, requestId } = context;
  deps.log.info(
    { requestId, keyId: principal.keyId, tenant: principal.tenant, destination: destination.name },
    "a signing secret was shown",
  );
  if (destination.target.kind === "handler")
    return conflict("A handler is called and not posted to; it has no signing secret.");
  if (destination.signingSecret === null) {
    return conflict(
      "The signing secret cannot be read with the keys that are loaded; load the old key, or set a new secret.",
    );
  }
  return { ok: true, value: { signingSecret: destination.signingSecret } };
}

const example = { name: "billing", url: "https://billing.example.com/webhooks" };
const tag = "Destinations";

export const destinationOperations = [
  operation({
    method: "get",
    path: "/destinations",
    tag,
    summary: "Destinations by name",
    query: z.strictObject(pageQuery),
    answer: pageOf(destinationSchema),
    handle: (context, { query }) => listPage(context, query),
  }),
  operation({
    method: "post",
    path: "/destinations",
    tag,
    summary: "Make a destination; the answer shows its signing secret, this once",
    status: 201,
    body: { schema: looseObject, documented: destinationInputSchema, example },
    answer: destinationSchema,
    handle: (context, { body }) => create(context, body),
  }),
  operation({
    method: "get",
    path: "/destinations/{id}",
    tag,
    summary: "One destination, by id or name, with its gate, its health and its notices",
    answer: destinationDetailSchema,
    handle: (context, { id }) => get(context, id),
  }),
  operation({
    method: "patch",
    path: "/destinations/{id}",
    tag,
    summary: "Change, pause or resume a destination",
    description:
      "Fields that are given replace what is; null takes one away. State paused holds what waits, active releases it; both work for declared destinations too.",
    body: {
      schema: looseObject,
      documented: destinationDefinitionSchema.partial().extend({
        state: z.enum(["active", "paused"]).optional(),
        stateReason: z.string().optional(),
      }),
      example: { state: "paused", stateReason: "deploy" },
    },
    answer: destinationSchema,
    handle: (context, { id, body }) => change(context, id, body),
  }),
  operation({
    method: "delete",
    path: "/destinations/{id}",
    tag,
    summary: "Disable a destination; what waits is held, nothing is deleted",
    answer: destinationSchema,
    handle: (context, { id }) => disable(context, id),
  }),
  operation({
    method: "get",
    path: "/destinations/{id}/signing-secret",
    access: "operator",
    tag,
    summary: "The secret that deliveries are signed with; every look leaves an audit entry",
    isLookKept: true,
    mayConflict: true,
    answer: secretAnswer,
    handle: (context, { id }) => showSecret(context, id),
  }),
];
