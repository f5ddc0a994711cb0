import { z } from "@hono/zod-openapi";
import type { Catalog, Source } from "../../domain/catalog.ts";
import type { SecretDefinition } from "../../domain/definition.ts";
import { isPlainObject, report, within } from "../../domain/field-checks.ts";
import type { Place } from "../../domain/field-checks.ts";
import { checkSource } from "../../domain/source-definition.ts";
import { planSource, planSourceState, toSourceDefinition } from "../../domain/source-plan.ts";
import { findKeyOwner, newCatalogId, newSourceKey } from "../../pipeline/apply-definition.ts";
import type { Planned } from "../../pipeline/change-catalog.ts";
import { signRequest } from "../../pipeline/sign-request.ts";
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
import { sourceSchema, toSource } from "./catalog-shape.ts";
import { definitionCheckers } from "../../pipeline/definition-checkers.ts";
import { looseObject, sourceInputSchema } from "./definition-schemas.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { pageOf, pageQuery, readCursor, toPage } from "./page.ts";
import { conflict, notFound } from "./refusal.ts";

type Answer = Promise<Handled<z.infer<typeof sourceSchema>>>;
type Body = Readonly<Record<string, unknown>>;

const NAME = /^[a-z0-9-]{1,127}$/;
const example = { name: "stripe", provider: "stripe", secrets: ["whsec_…"] };

async function list(context: OperationContext, query: { limit: number; cursor?: string | undefined }) {
  const start = readCursor(["sources"], query.cursor, 1, NAME);
  if (!start.ok) return start;
  const after = start.after?.[0] ?? "";
  const rows = catalogOf(context).sources.filter(({ name }) => name > after);
  const { ingestUrl } = context.deps;
  const page = toPage(
    ["sources"],
    rows,
    query.limit,
    ({ name }) => [name],
    (source) => toSource(source, ingestUrl),
  );
  return { ok: true, value: page } as const;
}

async function get(context: OperationContext, id: string): Answer {
  const source = catalogOf(context).findSource(id);
  return source === null ? notFound("source", id) : { ok: true, value: toSource(source, context.deps.ingestUrl) };
}

async function create(context: OperationContext, body: Body): Answer {
  const { deps, principal } = context;
  const changed = await changeOne(context, (own, all): Planned => {
    const place = startCheck();
    const { name, rest } = takeName(place, body);
    const definition = checkSource(place, rest, definitionCheckers(deps.egressPolicy).checkReceiver);
    reportKeyOwner(place, all, definition?.key, principal.tenant, name);
    if (definition === null || place.faults.length > 0) return refuseFaults(place.faults);
    const known = own.findSource(name);
    if (known !== null) return { ok: false, cause: "conflict", message: describeTaken("source", known) };
    const declared = { tenant: principal.tenant, name, origin: "api", newId: newCatalogId(deps) } as const;
    const plan = planSource(null, definition, { ...declared, newKey: newSourceKey(deps.random), state: "active" });
    return { ok: true, items: [plan] };
  });
  return changed.ok ? show(context, changed.id) : changed;
}

async function change(context: OperationContext, id: string, body: Body): Answer {
  const { deps, principal } = context;
  const changed = await changeOne(context, (own, all): Planned => {
    const present = own.findSource(id);
    if (present === null) return { ok: false, cause: "missing", message: `There is no source ${id}.` };
    const declaredElsewhere = refuseDeclared("source", present);
    if (declaredElsewhere !== null) return declaredElsewhere;
    const place = startCheck();
    const { state: wanted, ...fields } = body;
    const state = readState(place, wanted) ?? present.state;
    if (Object.keys(fields).length === 0) {
      return place.faults.length > 0
        ? refuseFaults(place.faults)
        : { ok: true, items: [planSourceState(present, state)] };
    }
    const merged = merge(place, present, fields);
    const definition = checkSource(place, merged, definitionCheckers(deps.egressPolicy).checkReceiver);
    reportKeyOwner(place, all, definition?.key, principal.tenant, present.name);
    if (definition === null || place.faults.length > 0) return refuseFaults(place.faults);
    const { tenant, name, origin } = present;
    return {
      ok: true,
      items: [planSource(present, definition, { tenant, name, origin, newId: present.id, newKey: present.key, state })],
    };
  });
  return changed.ok ? show(context, changed.id) : changed;
}

async function disable(context: OperationContext, id: string): Answer {
  return change(context, id, { state: "disabled" });
}

function show(context: OperationContext, id: string): Handled<z.infer<typeof sourceSchema>> {
  const source = catalogOf(context).sources.find((item) => item.id === id);
  if (source === undefined) return madeButUnread;
  return { ok: true, value: toSource(source, context.deps.ingestUrl) };
}

function readState(place: Place, state: unknown): Source["state"] | null {
  if (state === undefined || state === "active" || state === "disabled") return state ?? null;
  return report(within(place, "state"), "must be active or disabled");
}

/** The source as declared with the given fields put over it; null takes a field away. */
function merge(place: Place, present: Source, fields: Body): Body {
  const merged: Record<string, unknown> = { ...toSourceDefinition(present) };
  for (const [name, value] of Object.entries(fields)) {
    if (value === null) delete merged[name];
    else merged[name] = name === "secrets" ? keepSecrets(place, present, value) : value;
  }
  for (const field of present.receiverUnreadable) {
    if (fields[field] === undefined)
      report(within(place, field), "cannot be read with the keys that are loaded; give it again");
  }
  const unreadable = present.secrets.find(({ value, state }) => value === null && state !== "retired");
  if (unreadable !== undefined && fields["secrets"] === undefined) {
    report(
      within(place, "secrets"),
      `the secret ${unreadable.version} cannot be read with the keys that are loaded; give it again`,
    );
  }
  return merged;
}

// Secrets are never shown, so a change names one that is to stay by its version alone.
function keepSecrets(place: Place, present: Source, given: unknown): unknown {
  if (!Array.isArray(given)) return given;
  return (given as unknown[]).map((item, i): unknown => {
    if (!isPlainObject(item) || item["value"] !== undefined || typeof item["version"] !== "string") return item;
    const known = present.secrets.find(({ version }) => version === item["version"]);
    const spot = within(within(place, "secrets"), i);
    if (known === undefined) report(within(spot, "version"), "is not a version of this source; give its value");
    else if (known.value === null)
      report(within(spot, "value"), "cannot be read with the keys that are loaded; give it again");
    return { ...item, value: known?.value ?? `missing-${i}`, allowShort: true } satisfies SecretDefinition;
  });
}

function reportKeyOwner(place: Place, all: Catalog, key: string | undefined, tenant: string, name: string): void {
  if (key !== undefined && findKeyOwner(all, key, tenant, name) !== null) {
    report(within(place, "key"), "is already the key of another source; choose another or leave it out");
  }
}

const signInput = z.strictObject({
  method: z
    .string()
    .regex(/^[A-Z]{1,16}$/)
    .default("POST"),
  url: z.string().max(4_096).optional(),
  headers: z.union([z.record(z.string(), z.string()), z.array(z.tuple([z.string(), z.string()])).max(100)]).default([]),
  bodyBase64: z.base64(),
});
const signAnswer = z.object({
  headers: z.array(z.tuple([z.string(), z.string()])),
  url: z.string(),
  bodyBase64: z.base64(),
});

async function signFor(
  context: OperationContext,
  id: string,
  body: z.infer<typeof signInput>,
): Promise<Handled<z.infer<typeof signAnswer>>> {
  const { deps, requestId } = context;
  const source = catalogOf(context).findSource(id);
  if (source === null) return notFound("source", id);
  const request = {
    method: body.method,
    url: body.url ?? `${deps.ingestUrl}/in/${source.key}`,
    headers: Array.isArray(body.headers) ? body.headers : Object.entries(body.headers),
    body: Buffer.from(body.bodyBase64, "base64"),
  };
  const signed = signRequest(source, request, deps.clock.now());
  if (!signed.ok) return conflict(`The source ${source.name} cannot sign: ${signed.message}`);
  deps.log.info({ requestId, source: source.name }, "a request was signed for a source");
  const { headers, url } = signed;
  return { ok: true, value: { headers, url, bodyBase64: Buffer.from(signed.body).toString("base64") } };
}

export const sourceOperations = [
  operation({
    method: "get",
    path: "/sources",
    tag: "Sources",
    summary: "Sources by name",
    query: z.strictObject(pageQuery),
    answer: pageOf(sourceSchema),
    handle: (context, { query }) => list(context, query),
  }),
  operation({
    method: "post",
    path: "/sources",
    tag: "Sources",
    summary: "Make a source",
    status: 201,
    body: { schema: looseObject, documented: sourceInputSchema, example },
    answer: sourceSchema,
    handle: (context, { body }) => create(context, body),
  }),
  operation({
    method: "get",
    path: "/sources/{id}",
    tag: "Sources",
    summary: "One source, by id or name",
    answer: sourceSchema,
    handle: (context, { id }) => get(context, id),
  }),
  operation({
    method: "patch",
    path: "/sources/{id}",
    tag: "Sources",
    summary: "Change a source",
    description:
      "Fields that are given replace what is; null takes one away. A secret that is to stay is listed by its version alone.",
    body: {
      schema: looseObject,
      documented: sourceInputSchema.partial(),
      example: { secrets: [{ version: "v1", notAfter: "2026-12-01T00:00:00Z" }, "whsec_…"] },
    },
    answer: sourceSchema,
    handle: (context, { id, body }) => change(context, id, body),
  }),
  operation({
    method: "delete",
    path: "/sources/{id}",
    tag: "Sources",
    summary: "Disable a source; nothing is deleted",
    answer: sourceSchema,
    handle: (context, { id }) => disable(context, id),
  }),
  operation({
    method: "post",
    path: "/sources/{id}/sign",
    tag: "Sources",
    summary: "Sign a request as the source's provider would",
    description:
      "For samples and drills: the headers that the provider would add, made with the source's own secret, and the URL and the body, into which some providers sign. A header takes the place of a given one of its name.",
    body: { schema: signInput, example: { bodyBase64: "eyJpZCI6ImV2dF8xIn0=" } },
    answer: signAnswer,
    handle: (context, { id, body }) => signFor(context, id, body),
  }),
];
