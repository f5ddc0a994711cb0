import { z } from "@hono/zod-openapi";
import type { Source } from "../../domain/catalog.ts";
import { chooseSecret } from "../../domain/chosen-secret.ts";
import { readText, report, within } from "../../domain/field-checks.ts";
import type { FieldFault, Place } from "../../domain/field-checks.ts";
import { toPublicId } from "../../domain/id.ts";
import type { SecretChange, VersionUsage } from "../../domain/secret-life.ts";
import {
  OVERLAP_HOURS_DEFAULT,
  OVERLAP_HOURS_MAX,
  addVersion,
  isLive,
  promoteVersion,
  retireVersion,
} from "../../domain/secret-life.ts";
import { nextVersion } from "../../domain/source-plan.ts";
import type { SecretRefusal, SecretsChanged, SecretsPlanned } from "../../pipeline/change-secrets.ts";
import { changeSecrets } from "../../pipeline/change-secrets.ts";
import { definitionCheckers } from "../../pipeline/definition-checkers.ts";
import { readView } from "../../store/views/read-view.ts";
import { listSecretVersions } from "../../store/views/secrets.ts";
import { catalogOf, madeButUnread, orUnread, readAgain, refuseDeclared, startCheck } from "./catalog-operations.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { notFound, orRefusal, toRefusal } from "./refusal.ts";
import { secretListSchema, secretSchema, toSecrets } from "./secret-shape.ts";
import type { Secret } from "./secret-shape.ts";
import { viewCatalog } from "./tenant-catalog.ts";

type SecretList = z.infer<typeof secretListSchema>;

const SHOWN_MAX = 200;

/** The versions of a source, live ones first. */
async function list(context: OperationContext, id: string): Promise<Handled<SecretList>> {
  const source = catalogOf(context).findSource(id);
  return source === null ? notFound("source", id) : await show(context, source.id);
}

async function show(context: OperationContext, sourceId: string): Promise<Handled<SecretList>> {
  const { deps, principal } = context;
  const source = catalogOf(context).sources.find((item) => item.id === sourceId);
  if (source === undefined) return madeButUnread;
  const read = orRefusal(
    await readView(
      deps.db,
      async (tx) => (await tx.run(listSecretVersions, [principal.tenant, sourceId, SHOWN_MAX])).rows,
    ),
  );
  if (!read.ok) return read;
  const items = toSecrets(source, read.value, deps.clock.now());
  return { ok: true, value: { sourceId: toPublicId("src", sourceId), source: source.name, items } };
}

/** Plans a change of the source that is named, under the lock and by the newest catalog. */
async function changeSource(
  context: OperationContext,
  id: string,
  decide: (source: Source, usage: readonly VersionUsage[]) => SecretsPlanned,
  mayDeclared: (source: Source) => boolean = () => false,
): Promise<SecretsChanged> {
  const changed = await changeSecrets(context.deps, async (catalog, usageOf) => {
    const source = viewCatalog(catalog, context.principal.tenant).findSource(id);
    if (source === null) return { ok: false, cause: "missing", message: notFound("source", id).detail ?? "" };
    const declared = mayDeclared(source) ? null : refuseDeclared("source", source);
    if (declared !== null && !declared.ok) return declared;
    return decide(source, await usageOf(source));
  });
  if (changed.ok) await readAgain(context.deps.catalog);
  return changed;
}

const toPlanned = (source: Source, change: SecretChange, newValue: string | null = null): SecretsPlanned =>
  change.ok ? { ...change, source, newValue } : change;

async function move(
  context: OperationContext,
  place: { readonly id: string; readonly version: string },
  what: "promoted" | "retired",
  decide: (source: Source, usage: readonly VersionUsage[], now: Date) => SecretChange,
): Promise<Handled<SecretList>> {
  const { deps, principal, requestId } = context;
  // Declaring leaves alone what this process cannot read, so nothing else would end a version whose key is lost.
  const isLost = ({ secrets }: Source): boolean =>
    what === "retired" &&
    secrets.some(({ version, isKeyMissing }) => version === place.version && isKeyMissing === true);
  const changed = await changeSource(
    context,
    place.id,
    (source, usage) => toPlanned(source, decide(source, usage, deps.clock.now())),
    isLost,
  );
  if (!changed.ok) return toRefusal(changed);
  const { name } = changed.source;
  deps.log.info(
    { requestId, by: principal.keyId, source: name, version: place.version },
    `a secret version was ${what}`,
  );
  return orUnread(await show(context, changed.source.id));
}

const addInput = z.strictObject({
  value: z.string().max(4_096).optional(),
  generate: z.boolean().default(false),
  version: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, "must be 1 to 64 letters, digits, dots, - or _")
    .optional(),
  allowShort: z.boolean().default(false),
});
type AddInput = z.infer<typeof addInput>;

async function add(context: OperationContext, id: string, body: AddInput): Promise<Handled<Secret>> {
  const { deps, principal, requestId } = context;
  const made: { value: string | null } = { value: null };
  const changed = await changeSource(context, id, (source): SecretsPlanned => {
    const given = readValue(context, source, body);
    if (!given.ok) return given;
    if (body.generate) made.value = given.value;
    const version = body.version ?? nextVersion(new Set(source.secrets.map((known) => known.version)));
    return toPlanned(source, addVersion(source.secrets, version, deps.clock.now()), given.value);
  });
  if (!changed.ok) return toRefusal(changed);
  const version = changed.moves.find(({ from }) => from === null)?.version;
  deps.log.info({ requestId, by: principal.keyId, source: changed.source.name, version }, "a secret version was added");
  const shown = orUnread(await show(context, changed.source.id));
  if (!shown.ok) return shown;
  const item = "value" in shown ? shown.value.items.find((secret) => secret.version === version) : undefined;
  if (item === undefined) return madeButUnread;
  return { ok: true, value: made.value === null ? item : { ...item, value: made.value } };
}

/** The value that is given or made, if the provider's scheme can verify with it and no live version has it. */
function readValue(
  { deps }: OperationContext,
  source: Source,
  body: AddInput,
): { readonly ok: true; readonly value: string } | SecretRefusal {
  const place = startCheck();
  const spot = within(place, "value");
  if (body.generate === (body.value !== undefined)) {
    report(
      spot,
      body.generate
        ? "is given, and generate asks to make one; send one of the two"
        : "is missing; give the secret as it is at the provider, or send generate: true",
    );
    return refuseFaults(place);
  }
  const value = body.generate ? chooseSecret(source.provider, deps.random) : (readText(spot, body.value) ?? null);
  if (value === null) {
    if (body.generate)
      report(within(place, "generate"), `the secret of ${source.provider} is made there; copy it and send it as value`);
    return refuseFaults(place);
  }
  const secret = { value, allowShort: body.allowShort };
  const { checkReceiver } = definitionCheckers(deps.egressPolicy);
  for (const fault of checkReceiver(source.provider, { ...source.receiver, secrets: [secret] })) {
    if (fault.path.startsWith("secrets")) report(spot, fault.problem);
  }
  const now = deps.clock.now();
  const same = source.secrets.find((known) => known.value === value && isLive(known, now));
  if (same !== undefined) report(spot, `is the secret of version ${same.version}`);
  return place.faults.length > 0 ? refuseFaults(place) : { ok: true, value };
}

function refuseFaults({ faults }: Place): { ok: false; cause: "faults"; faults: readonly FieldFault[] } {
  return { ok: false, cause: "faults", faults };
}

const promoteInput = z.strictObject({
  overlapHours: z.number().min(0).max(OVERLAP_HOURS_MAX).default(OVERLAP_HOURS_DEFAULT),
});
const retireInput = z.strictObject({ force: z.boolean().default(false) });
const tag = "Secrets";

export const secretOperations = [
  operation({
    method: "get",
    path: "/sources/{id}/secrets",
    tag,
    summary: "The versions of a source's secret with their use, never their values",
    description: `Those that verify in their order, then the retired ones, newest first; at most ${SHOWN_MAX}.`,
    answer: secretListSchema,
    handle: (context, { id }) => list(context, id),
  }),
  operation({
    method: "post",
    path: "/sources/{id}/secrets",
    tag,
    summary: "Add a version: it verifies at once, and waits to be promoted",
    description:
      "The value is written and never read. With generate it is made here, where the provider lets its customer choose, and shown in this answer alone.",
    status: 201,
    body: { schema: addInput, example: { value: "whsec_…" } },
    answer: secretSchema,
    handle: (context, { id, body }) => add(context, id, body),
  }),
  operation({
    method: "post",
    path: "/sources/{id}/secrets/{version}/promote",
    tag,
    summary: "Make a version the active one; the active one before verifies until the overlap has passed",
    body: { schema: promoteInput, optional: true, example: { overlapHours: OVERLAP_HOURS_DEFAULT } },
    answer: secretListSchema,
    handle: (context, place) =>
      move(context, place, "promoted", (source, _usage, now) =>
        promoteVersion(source.secrets, place.version, { overlapHours: place.body.overlapHours, now }),
      ),
  }),
  operation({
    method: "post",
    path: "/sources/{id}/secrets/{version}/retire",
    tag,
    summary: "End a version at once",
    description:
      "Refused while it was used within the last hour, and for the only version that verifies, unless forced.",
    body: { schema: retireInput, optional: true, example: { force: false } },
    answer: secretListSchema,
    handle: (context, place) =>
      move(context, place, "retired", (source, usage, now) =>
        retireVersion(source.secrets, place.version, { usage, force: place.body.force, now }),
      ),
  }),
];
