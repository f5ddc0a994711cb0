import { z } from "@hono/zod-openapi";
import { checkOwners, checkRuleChange } from "../../domain/alert-definition.ts";
import { ALERT_RULES, SEVERITIES } from "../../domain/alert-rules.ts";
import type { Owners } from "../../domain/alert.ts";
import type { RuleChanges } from "../../domain/alert-rules.ts";
import { lockCatalog } from "../../store/catalog/catalog-version.ts";
import { listAlerts, toAlert } from "../../store/alerts/alerts.ts";
import { loadChannels } from "../../store/alerts/channels.ts";
import { listNoticesSent } from "../../store/alerts/notices.ts";
import type { AlertSettings } from "../../store/alerts/settings.ts";
import { NO_ALERT_SETTINGS, loadAlertSettings, saveAlertSettings } from "../../store/alerts/settings.ts";
import type { Queryable } from "../../store/statement.ts";
import { readView } from "../../store/views/read-view.ts";
import { alertChannelOperations } from "./alert-channels.ts";
import { alertSchema, noticeSchema, ownersSchema, ruleSchema, toAlertAnswer, toNotice, toRule } from "./alert-shape.ts";
import { catalogOf, orUnread, startCheck } from "./catalog-operations.ts";
import { looseObject } from "./definition-schemas.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { UUID_MAX, pageOf, pageQuery, readCursor, toPage } from "./page.ts";
import { invalid, notFound, notStored, orRefusal } from "./refusal.ts";

const STANDING_MAX = 1_000;
const DEADLINE_MS = 10_000;

const alertQuery = z.strictObject({ ...pageQuery, state: z.enum(["pending", "firing", "resolved"]).optional() });
const alertPageSchema = pageOf(alertSchema);
const noticePageSchema = pageOf(noticeSchema);

async function list(
  context: OperationContext,
  query: z.infer<typeof alertQuery>,
): Promise<Handled<z.infer<typeof alertPageSchema>>> {
  const scope = ["alerts", query.state];
  const start = readCursor(scope, query.cursor, 1);
  if (!start.ok) return start;
  const own = catalogOf(context);
  const values = [context.principal.tenant, start.after?.[0] ?? UUID_MAX, query.state ?? null, query.limit + 1];
  const read = orRefusal(await readView(context.deps.db, async (tx) => (await tx.run(listAlerts, values)).rows));
  if (!read.ok) return read;
  const toItem = (row: (typeof read.value)[number]) => toAlertAnswer(toAlert(row), own);
  return { ok: true, value: toPage(scope, read.value, query.limit, (row) => [row.id], toItem) };
}

const noticeQuery = z.strictObject(pageQuery);

async function listNotices(
  context: OperationContext,
  query: z.infer<typeof noticeQuery>,
): Promise<Handled<z.infer<typeof noticePageSchema>>> {
  const scope = ["notices"];
  const start = readCursor(scope, query.cursor, 1);
  if (!start.ok) return start;
  const { deps, principal } = context;
  const values = [principal.tenant, start.after?.[0] ?? UUID_MAX, query.limit + 1];
  const read = orRefusal(
    await readView(deps.db, async (tx) => ({
      rows: (await tx.run(listNoticesSent, values)).rows,
      names: new Map((await loadChannels(tx, deps.box, principal.tenant)).map(({ id, name }) => [id, name])),
    })),
  );
  if (!read.ok) return read;
  const { rows, names } = read.value;
  const toItem = (row: (typeof rows)[number]) => toNotice(row, names.get(row.channel_id) ?? "");
  return { ok: true, value: toPage(scope, rows, query.limit, (row) => [row.id], toItem) };
}

async function settingsOf(tx: Queryable, tenant: string): Promise<AlertSettings> {
  return (await loadAlertSettings(tx)).get(tenant) ?? NO_ALERT_SETTINGS;
}

async function readRules({ deps, principal }: OperationContext) {
  return orRefusal(
    await readView(deps.db, async (tx) => ({
      settings: await settingsOf(tx, principal.tenant),
      standing: [
        ...(await tx.run(listAlerts, [principal.tenant, UUID_MAX, "firing", STANDING_MAX])).rows,
        ...(await tx.run(listAlerts, [principal.tenant, UUID_MAX, "pending", STANDING_MAX])).rows,
      ],
    })),
  );
}

async function listRules(context: OperationContext) {
  const read = await readRules(context);
  if (!read.ok) return read;
  const { settings, standing } = read.value;
  const items = ALERT_RULES.map((built) => toRule(built, settings.rules, standing));
  return { ok: true, value: { items, nextCursor: null } } as const;
}

async function changeRule(
  context: OperationContext,
  name: string,
  body: Readonly<Record<string, unknown>>,
): Promise<Handled<z.infer<typeof ruleSchema>>> {
  const built = ALERT_RULES.find((rule) => rule.name === name);
  if (built === undefined) return notFound("rule", name);
  const place = startCheck();
  const change = checkRuleChange(place, body);
  if (change === null) return invalid(...place.faults);
  const saved = await save(context, ({ rules }) => ({ rules: { ...rules, [name]: { ...rules[name], ...change } } }));
  if (!saved.ok) return saved;
  const read = await readRules(context);
  if (!read.ok) return orUnread(read);
  return { ok: true, value: toRule(built, read.value.settings.rules, read.value.standing) };
}

async function showOwners({ deps, principal }: OperationContext): Promise<Handled<z.infer<typeof ownersSchema>>> {
  const read = orRefusal(await readView(deps.db, (tx) => settingsOf(tx, principal.tenant)));
  if (!read.ok) return read;
  return { ok: true, value: { owners: toLists(read.value.owners) } };
}

async function changeOwners(context: OperationContext, input: unknown): Promise<Handled<z.infer<typeof ownersSchema>>> {
  const { deps, principal } = context;
  const read = orRefusal(await readView(deps.db, (tx) => loadChannels(tx, deps.box, principal.tenant)));
  if (!read.ok) return read;
  const place = startCheck();
  const sources = catalogOf(context).sources.map(({ name }) => name);
  const owners = checkOwners(place, input, { sources, channels: read.value.map(({ name }) => name) });
  if (place.faults.length > 0) return invalid(...place.faults);
  const saved = await save(context, () => ({ owners }));
  return saved.ok ? { ok: true, value: { owners: toLists(owners) } } : saved;
}

function toLists(owners: Owners): Record<string, string[]> {
  return Object.fromEntries(Object.entries(owners).map(([source, names]) => [source, [...names]]));
}

/** One change at a time, made from what is there then. */
async function save(
  { deps, principal }: OperationContext,
  plan: (present: AlertSettings) => { readonly rules?: RuleChanges; readonly owners?: Owners },
): Promise<Handled<null>> {
  const done = await deps.db.transaction(async (tx) => {
    await tx.run(lockCatalog, []);
    const { rules = null, owners = null } = plan(await settingsOf(tx, principal.tenant));
    await tx.run(saveAlertSettings, [principal.tenant, toJson(rules), toJson(owners), deps.clock.now()]);
  }, DEADLINE_MS);
  return done.ok ? { ok: true, value: null } : notStored(done);
}

function toJson(value: unknown): string | null {
  return value === null ? null : JSON.stringify(value);
}

const tag = "Alerts";
const ruleInput = z
  .object({
    state: z.enum(["active", "disabled"]),
    severity: z.enum(SEVERITIES),
    threshold: z.number(),
    forSec: z.number().int(),
  })
  .partial();

export const alertOperations = [
  operation({
    method: "get",
    path: "/alerts",
    tag,
    summary: "Alerts, newest first: those that fire, are about to, or are over",
    query: alertQuery,
    answer: alertPageSchema,
    handle: (context, { query }) => list(context, query),
  }),
  operation({
    method: "get",
    path: "/alerts/rules",
    tag,
    summary: "The rules with their terms, and how many alerts of each stand",
    answer: z.object({ items: z.array(ruleSchema), nextCursor: z.null() }),
    handle: (context) => listRules(context),
  }),
  operation({
    method: "patch",
    path: "/alerts/rules/{id}",
    tag,
    summary: "Change a rule: its threshold, how long it has to hold, its severity, or whether it is on",
    body: { schema: looseObject, documented: ruleInput, example: { threshold: 120 } },
    answer: ruleSchema,
    handle: (context, { id, body }) => changeRule(context, id, body),
  }),
  operation({
    method: "get",
    path: "/alerts/owners",
    tag,
    summary: "Which channels are told of which source",
    answer: ownersSchema,
    handle: (context) => showOwners(context),
  }),
  operation({
    method: "patch",
    path: "/alerts/owners",
    tag,
    summary: "Say anew which channels are told of which source; * stands for whatever has no owner",
    body: { schema: z.strictObject({ owners: looseObject }), example: { owners: { stripe: ["payments-on-call"] } } },
    answer: ownersSchema,
    handle: (context, { body }) => changeOwners(context, body.owners),
  }),
  operation({
    method: "get",
    path: "/alerts/notices",
    tag,
    summary: "What was told, by which channel, and whether it was taken",
    query: noticeQuery,
    answer: noticePageSchema,
    handle: (context, { query }) => listNotices(context, query),
  }),
  ...alertChannelOperations,
];
