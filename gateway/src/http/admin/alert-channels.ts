import { z } from "@hono/zod-openapi";
import type { AlertChannel } from "../../domain/alert-channel.ts";
import { CHANNEL_KINDS, MAIL_SECURITIES } from "../../domain/alert-channel.ts";
import { TEST_FACT } from "../../domain/alert-notice.ts";
import { checkChannel } from "../../domain/alert-definition.ts";
import { SEVERITIES } from "../../domain/alert-rules.ts";
import { report, within } from "../../domain/field-checks.ts";
import { parsePublicId, toPublicId } from "../../domain/id.ts";
import { newCatalogId } from "../../pipeline/apply-definition.ts";
import type { ChannelPlan } from "../../pipeline/change-alerts.ts";
import { changeChannel, planChannel } from "../../pipeline/change-alerts.ts";
import { definitionCheckers } from "../../pipeline/definition-checkers.ts";
import { loadChannels } from "../../store/alerts/channels.ts";
import { queueNotice } from "../../store/alerts/notices.ts";
import { readView } from "../../store/views/read-view.ts";
import { channelSchema, toChannel } from "./alert-shape.ts";
import { describeTaken, orUnread, refuseDeclared, startCheck, takeName } from "./catalog-operations.ts";
import { looseObject } from "./definition-schemas.ts";
import type { Handled, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import type { Refusal } from "./refusal.ts";
import { conflict, invalid, notFound, notStored, orRefusal, tellStore, toRefusal } from "./refusal.ts";

type Answer = Promise<Handled<z.infer<typeof channelSchema>>>;
type Body = Readonly<Record<string, unknown>>;

const CHANNELS_MAX = 100;

/** Finds one by id or name. */
function pick(channels: readonly AlertChannel[], idOrName: string): AlertChannel | null {
  const id = parsePublicId("chn", idOrName);
  return channels.find((channel) => (id === null ? channel.name === idOrName : channel.id === id)) ?? null;
}

async function readAll({ deps, principal }: OperationContext) {
  return orRefusal(await readView(deps.db, (tx) => loadChannels(tx, deps.box, principal.tenant)));
}

async function list(context: OperationContext) {
  const read = await readAll(context);
  if (!read.ok) return read;
  return { ok: true, value: { items: read.value.map(toChannel), nextCursor: null } } as const;
}

async function create(context: OperationContext, body: Body): Answer {
  const place = startCheck();
  const { name, rest } = takeName(place, body);
  const { vetUrl } = definitionCheckers(context.deps.egressPolicy);
  const checked = checkChannel(place, rest, { vetUrl, isNew: true });
  if (checked === null || place.faults.length > 0) return invalid(...place.faults);
  return await write(context, (present) => {
    const known = present.find((channel) => channel.name === name);
    if (known !== undefined) return conflict(describeTaken("channel", known));
    if (present.length >= CHANNELS_MAX)
      return conflict(`There are ${CHANNELS_MAX} channels already; use one of them anew.`);
    const planned = planChannel(context.deps, place, null, checked, { name, origin: "api", state: "active" });
    return planned ?? invalid(...place.faults);
  });
}

async function change(context: OperationContext, idOrName: string, body: Body): Answer {
  const { state, ...fields } = body;
  const { vetUrl } = definitionCheckers(context.deps.egressPolicy);
  return await write(context, (present) => {
    const channel = pick(present, idOrName);
    if (channel === null) return notFound("channel", idOrName);
    const declared = refuseDeclared("channel", channel);
    if (declared !== null && !declared.ok) return toRefusal(declared);
    const place = startCheck();
    const wanted = state ?? channel.state;
    const isNew = fields["kind"] !== undefined && fields["kind"] !== channel.address.kind;
    const known = isNew ? {} : asDeclared(channel);
    const checked = checkChannel(place, { ...known, ...fields }, { vetUrl, isNew });
    if (wanted !== "active" && wanted !== "disabled") report(within(place, "state"), "must be active or disabled");
    if (checked === null || (wanted !== "active" && wanted !== "disabled")) return invalid(...place.faults);
    const declaredAs = { name: channel.name, origin: "api", state: wanted } as const;
    return planChannel(context.deps, place, channel, checked, declaredAs) ?? invalid(...place.faults);
  });
}

/** What it was declared as, without the secret, which stays when it is not given. */
function asDeclared({ address, severities }: AlertChannel): Body {
  const { username, ...rest } = { username: null, ...address };
  return { ...rest, severities, ...(username === null ? {} : { username }) };
}

async function write(
  context: OperationContext,
  decide: (present: readonly AlertChannel[]) => ChannelPlan | Refusal,
): Answer {
  let refusal: Refusal | null = null;
  const written = await changeChannel(context.deps, context.principal.tenant, (present) => {
    const decided = decide(present);
    if (!("ok" in decided)) return decided;
    refusal = decided;
    return null;
  });
  if (!written.ok) return notStored(written);
  if (written.value === null) return refusal ?? notFound("channel", "");
  const read = await readAll(context);
  if (!read.ok) return orUnread(read);
  const channel = pick(read.value, written.value.name);
  return channel === null ? notFound("channel", written.value.name) : { ok: true, value: toChannel(channel) };
}

async function test(context: OperationContext, idOrName: string): Promise<Handled<{ notice: string }>> {
  const { deps, principal } = context;
  const read = await readAll(context);
  if (!read.ok) return read;
  const channel = pick(read.value, idOrName);
  if (channel === null) return notFound("channel", idOrName);
  const id = newCatalogId(deps);
  const now = deps.clock.now();
  const facts = JSON.stringify([{ ...TEST_FACT, since: now.toISOString() }]);
  const queued = await tellStore(() =>
    deps.db.run(queueNotice, [id, principal.tenant, channel.id, "test", facts, now]),
  );
  return queued.ok ? { ok: true, value: { notice: toPublicId("ntc", id) } } : queued;
}

const tag = "Alerts";
const documented = z
  .object({
    name: z.string(),
    kind: z.enum(CHANNEL_KINDS),
    severities: z.array(z.enum(SEVERITIES)).optional(),
    url: z.string().optional(),
    routingKey: z.string().optional(),
    signingSecret: z.string().optional(),
    host: z.string().optional(),
    port: z.number().int().optional(),
    security: z.enum(MAIL_SECURITIES).optional(),
    from: z.string().optional(),
    to: z.array(z.string()).optional(),
    username: z.string().optional(),
    password: z.string().optional(),
  })
  .openapi("AlertChannelInput");
const example = {
  name: "ops-chat",
  kind: "slack",
  url: "https://hooks.slack.com/services/T0/B0/x",
  severities: ["page"],
};

export const alertChannelOperations = [
  operation({
    method: "get",
    path: "/alerts/channels",
    tag,
    summary: "Where notices of alerts go",
    answer: z.object({ items: z.array(channelSchema), nextCursor: z.null() }),
    handle: (context) => list(context),
  }),
  operation({
    method: "post",
    path: "/alerts/channels",
    tag,
    summary: "Add a channel: Slack, PagerDuty, a signed webhook, or email",
    description: "docs/operate/alerts.md lists the fields of each kind. Secrets are sealed and never shown.",
    body: { schema: looseObject, documented, example },
    status: 201,
    answer: channelSchema,
    handle: (context, { body }) => create(context, body),
  }),
  operation({
    method: "patch",
    path: "/alerts/channels/{id}",
    tag,
    summary: "Change a channel, or switch it off and on by state",
    description:
      "A secret stays when it is not given, unless it would be sent to another host or port, or by another scheme: then it has to be given again.",
    body: { schema: looseObject, documented: documented.partial(), example: { state: "disabled" } },
    answer: channelSchema,
    handle: (context, { id, body }) => change(context, id, body),
  }),
  operation({
    method: "post",
    path: "/alerts/channels/{id}/test",
    tag,
    summary: "Send a test notice by a channel",
    description: "It is sent within a second or two, once; GET /alerts/notices shows what became of it.",
    answer: z.object({ notice: z.string() }).openapi({ example: { notice: "ntc_01kaj6kfm47fmvhr7d9s8xq0tz" } }),
    handle: (context, { id }) => test(context, id),
  }),
];
