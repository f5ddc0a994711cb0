import { CHANNEL_KINDS, MAIL_SECURITIES, PAGERDUTY_URL } from "./alert-channel.ts";
import type { ChannelAddress, ChannelKind } from "./alert-channel.ts";
import type { Owners } from "./alert.ts";
import { ALERT_RULES, SEVERITIES } from "./alert-rules.ts";
import type { RuleChange, RuleChanges, Severity } from "./alert-rules.ts";
import type { UrlChecker } from "./destination-definition.ts";
import type { Fields, Place } from "./field-checks.ts";
import {
  isPlainObject,
  MASKED,
  nameType,
  nearestName,
  readFields,
  readInteger,
  readList,
  readText,
  report,
  shown,
  within,
} from "./field-checks.ts";

/** A channel as a configuration declares it; which fields it has depends on its kind. docs/operate/alerts.md lists them. */
export interface ChannelDefinition {
  readonly kind: ChannelKind;
  readonly severities?: readonly Severity[] | undefined;
  /** Slack: the incoming webhook's URL, which is its credential. Webhook, PagerDuty: where to post. */
  readonly url?: string | undefined;
  readonly routingKey?: string | undefined;
  /** `whsec_…`, which a generic webhook is signed with. */
  readonly signingSecret?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly security?: (typeof MAIL_SECURITIES)[number] | undefined;
  readonly from?: string | undefined;
  readonly to?: readonly string[] | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** The part `alerts` of a configuration. */
export interface AlertsDefinition {
  readonly channels?: Readonly<Record<string, ChannelDefinition>> | undefined;
  readonly rules?: RuleChanges | undefined;
  readonly owners?: Owners | undefined;
}

/** A checked channel. */
export interface CheckedChannel {
  readonly address: ChannelAddress;
  /** Undefined: the one that is stored stays. */
  readonly secret: string | undefined;
  readonly severities: readonly Severity[];
}

export interface CheckedAlerts {
  readonly channels: Readonly<Record<string, CheckedChannel>>;
  /** Null: as they are stored. */
  readonly rules: RuleChanges | null;
  readonly owners: Owners | null;
}

/** The field of a channel that is its secret. */
export const SECRET_FIELDS = {
  slack: "url",
  pagerduty: "routingKey",
  webhook: "signingSecret",
  email: "password",
} as const;
const FIELDS = {
  slack: ["url"],
  pagerduty: ["routingKey", "url"],
  webhook: ["url", "signingSecret"],
  email: ["host", "port", "security", "from", "to", "username", "password"],
} as const;
const FOR_MAX_SEC = 86_400;
const THRESHOLD_MAX = 1_000_000_000;
const CHANNELS_MAX = 100;
const TO_MAX = 20;
const MAIL_PORT = 587;

/**
 * Checks one channel. Every fault goes to the place's list and quotes no secret; null when there was any.
 *
 * @param options.isNew a channel that exists keeps its secret when none is given
 */
export function checkChannel(
  place: Place,
  input: unknown,
  options: { readonly vetUrl: UrlChecker; readonly isNew: boolean },
): CheckedChannel | null {
  const before = place.faults.length;
  if (!isPlainObject(input)) return report(place, `must be an object, not ${nameType(input)}`);
  const kind = CHANNEL_KINDS.find((one) => one === input["kind"]);
  if (kind === undefined) return report(within(place, "kind"), `must be one of ${CHANNEL_KINDS.join(", ")}`);
  const fields = readFields(place, input, ["kind", "severities", ...FIELDS[kind]]);
  if (fields === null) return null;
  const severities = checkSeverities(within(place, "severities"), fields["severities"]);
  const secretField = SECRET_FIELDS[kind];
  const secret = readText(within(place, secretField), fields[secretField], 2_048);
  if (secret === MASKED) report(within(place, secretField), `is ${MASKED}, which stands for a value that is not shown`);
  const needed = NEEDED[secretField];
  if (secret === undefined && options.isNew && needed !== null) report(within(place, secretField), needed);
  if (typeof secret === "string") checkSecret(within(place, secretField), kind, secret, options.vetUrl);
  const address = kind === "email" ? checkMail(place, fields) : checkPosted(place, kind, fields, options.vetUrl);
  if (place.faults.length > before || address === null) return null;
  return { address, secret: secret ?? undefined, severities };
}

const NEEDED = {
  url: "is missing; give the URL of Slack's incoming webhook",
  routingKey: "is missing; give the integration key of an Events API v2 integration",
  signingSecret: "is missing; give whsec_ and the base64 of 24 to 64 random bytes",
  password: null,
} as const;

function checkSecret(place: Place, kind: ChannelKind, secret: string, vetUrl: UrlChecker): void {
  if (kind === "slack") checkUrl(place, secret, vetUrl);
  if (kind === "pagerduty" && !/^[\w-]{8,64}$/.test(secret)) report(place, "must be 8 to 64 letters and digits");
  if (kind !== "webhook") return;
  const encoded = secret.startsWith("whsec_") ? secret.slice("whsec_".length) : "";
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.toString("base64") !== encoded || bytes.length < 24 || bytes.length > 64)
    report(place, "must be whsec_ and the base64 of 24 to 64 random bytes");
}

function checkUrl(place: Place, url: string, vetUrl: UrlChecker): void {
  const verdict = vetUrl(url);
  if (!verdict.ok) report(place, verdict.message);
}

function checkPosted(place: Place, kind: ChannelKind, fields: Fields, vetUrl: UrlChecker): ChannelAddress | null {
  if (kind === "slack") return { kind };
  const given = readText(within(place, "url"), fields["url"], 2_048);
  if (given === undefined && kind === "webhook")
    return report(within(place, "url"), "is missing; give the URL to post to");
  const url = given ?? PAGERDUTY_URL;
  checkUrl(within(place, "url"), url, vetUrl);
  return kind === "webhook" ? { kind, url } : { kind: "pagerduty", url };
}

function checkMail(place: Place, fields: Fields): ChannelAddress | null {
  const host = readText(within(place, "host"), fields["host"] ?? null, 253);
  if (typeof host === "string" && !/^[a-z0-9_.:-]+$/i.test(host))
    report(within(place, "host"), "must be a host name or an address");
  const port = readInteger(within(place, "port"), fields["port"], 1, 65_535) ?? MAIL_PORT;
  const wanted = fields["security"] ?? (port === 465 ? "tls" : "starttls");
  const security = MAIL_SECURITIES.find((one) => one === wanted);
  if (security === undefined) report(within(place, "security"), `must be one of ${MAIL_SECURITIES.join(", ")}`);
  const from = checkMailbox(within(place, "from"), fields["from"] ?? null);
  const listed = readList(within(place, "to"), fields["to"], TO_MAX);
  if (listed === undefined || listed?.length === 0) report(within(place, "to"), "is missing; list who gets the mail");
  const to = (listed ?? []).map((one, i) => checkMailbox(within(within(place, "to"), i), one ?? null));
  const username = readText(within(place, "username"), fields["username"], 254);
  const isSent = username !== undefined || fields["password"] !== undefined;
  // A password over a line that anybody may read is no secret any more.
  if (security === "none" && isSent)
    report(within(place, "security"), "must be tls or starttls where a password is sent");
  if (typeof host !== "string" || security === undefined || from === null || to.includes(null)) return null;
  const mailboxes = to.filter((one) => one !== null);
  return { kind: "email", host, port, security, from, to: mailboxes, username: username ?? null };
}

// No display names and no quoted parts: nothing that a header could be made of.
function checkMailbox(place: Place, input: unknown): string | null {
  const text = readText(place, input, 254);
  if (typeof text !== "string") return null;
  return /^[\w.!#$%&'*+/=?^`{|}~-]+@[a-z0-9][a-z0-9.-]*$/i.test(text)
    ? text
    : report(place, "must be an email address");
}

function checkSeverities(place: Place, input: unknown): readonly Severity[] {
  const list = readList(place, input, SEVERITIES.length);
  if (list === undefined || list === null) return SEVERITIES;
  const known = SEVERITIES.filter((one) => list.includes(one));
  if (known.length !== list.length || known.length === 0)
    report(place, `must list some of ${SEVERITIES.join(", ")}, each once`);
  return known;
}

/** Checks a change of one rule; null when it has a fault. */
export function checkRuleChange(place: Place, input: unknown): RuleChange | null {
  const before = place.faults.length;
  const fields = readFields(place, input, ["state", "severity", "threshold", "forSec"]);
  if (fields === null) return null;
  const { state, severity, threshold } = fields;
  if (state !== undefined && state !== "active" && state !== "disabled")
    report(within(place, "state"), "must be active or disabled");
  const severe = SEVERITIES.find((one) => one === severity);
  if (severity !== undefined && severe === undefined)
    report(within(place, "severity"), `must be one of ${SEVERITIES.join(", ")}`);
  const isNumber = typeof threshold === "number" && threshold >= 0 && threshold <= THRESHOLD_MAX;
  if (threshold !== undefined && !isNumber)
    report(within(place, "threshold"), `must be a number from 0 to ${THRESHOLD_MAX}`);
  const forSec = readInteger(within(place, "forSec"), fields["forSec"], 0, FOR_MAX_SEC);
  if (place.faults.length > before) return null;
  return {
    ...(state === "active" || state === "disabled" ? { state } : {}),
    ...(severe === undefined ? {} : { severity: severe }),
    ...(isNumber ? { threshold } : {}),
    ...(typeof forSec === "number" ? { forSec } : {}),
  };
}

/** Checks the changes of rules, by their names. */
export function checkRuleChanges(place: Place, input: unknown): RuleChanges {
  if (input === undefined) return {};
  if (!isPlainObject(input)) return report(place, `must be an object keyed by rule, not ${nameType(input)}`) ?? {};
  const names = ALERT_RULES.map(({ name }) => name);
  const checked: Record<string, RuleChange> = {};
  for (const [name, value] of Object.entries(input).slice(0, CHANNELS_MAX)) {
    const spot = within(place, shown(name));
    const near = nearestName(name, names);
    if (!names.includes(name))
      report(spot, near === null ? `is no rule; rules are ${names.join(", ")}` : `is no rule; did you mean ${near}?`);
    else checked[name] = checkRuleChange(spot, value) ?? {};
  }
  return checked;
}

/** Checks who is told of which source. @param known names of sources and of channels; null: those are not looked at */
export function checkOwners(
  place: Place,
  input: unknown,
  known: { readonly sources: readonly string[]; readonly channels: readonly string[] },
): Owners {
  if (input === undefined) return {};
  if (!isPlainObject(input)) return report(place, `must be an object keyed by source, not ${nameType(input)}`) ?? {};
  const checked: Record<string, readonly string[]> = {};
  for (const [source, value] of Object.entries(input).slice(0, 1_000)) {
    const spot = within(place, shown(source));
    if (source !== "*" && !known.sources.includes(source))
      report(spot, "is no source; name one, or * for all that have no owner");
    const listed = readList(spot, value, CHANNELS_MAX) ?? [];
    const names = listed.filter((name) => typeof name === "string");
    for (const [i, name] of listed.entries())
      if (typeof name !== "string" || !known.channels.includes(name))
        report(within(spot, i), "is no channel; declare it, or name one that is");
    if (source !== "__proto__") checked[source] = names;
  }
  return checked;
}

/** Checks the part `alerts` of a configuration, its channels being new or known. */
export function checkAlerts(
  place: Place,
  input: unknown,
  known: { readonly sources: readonly string[]; readonly vetUrl: UrlChecker },
): CheckedAlerts | null {
  if (input === undefined) return null;
  const fields = readFields(place, input, ["channels", "rules", "owners"]);
  if (fields === null) return null;
  const spot = within(place, "channels");
  const declared = fields["channels"] ?? {};
  if (!isPlainObject(declared)) return report(spot, `must be an object keyed by name, not ${nameType(declared)}`);
  const entries = Object.entries(declared);
  if (entries.length > CHANNELS_MAX) report(spot, `has more than ${CHANNELS_MAX} entries`);
  const channels: Record<string, CheckedChannel> = {};
  for (const [name, value] of entries.slice(0, CHANNELS_MAX)) {
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) {
      report(within(spot, shown(name)), "the name must be 1 to 63 lower-case letters, digits or -");
      continue;
    }
    const checked = checkChannel(within(spot, name), value, { vetUrl: known.vetUrl, isNew: true });
    if (checked !== null) channels[name] = checked;
  }
  const rules = checkRuleChanges(within(place, "rules"), fields["rules"]);
  const names = { sources: known.sources, channels: entries.map(([name]) => name) };
  const owners = checkOwners(within(place, "owners"), fields["owners"], names);
  return {
    channels,
    rules: fields["rules"] === undefined ? null : rules,
    owners: fields["owners"] === undefined ? null : owners,
  };
}
