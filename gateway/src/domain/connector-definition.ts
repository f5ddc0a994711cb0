import type { ConnectorKind, ConnectorOptions, MomentFormat } from "./connector.ts";
import type { UrlChecker } from "./destination-definition.ts";
import type { Place } from "./field-checks.ts";
import { readFields, readText, report, within } from "./field-checks.ts";
import { isJsonPointer } from "./json-slices.ts";

const ENTRY_FIELDS = ["id", "type", "time", "timeFormat", "body"];

/** The fields of each kind of connector, as docs/configuration.md lists them. */
export const CONNECTOR_FIELDS: Readonly<Record<ConnectorKind, readonly string[]>> = {
  stripe: ["account", "baseUrl"],
  github: ["owner", "repo", "org", "appId", "webhookId", "baseUrl"],
  svix: ["applicationId", "receiverId", "baseUrl"],
  http: [
    "url",
    "auth",
    "authHeader",
    "username",
    "fromParameter",
    "toParameter",
    "limitParameter",
    "items",
    "paging",
    "nextPlace",
    "cursorParameter",
    ...ENTRY_FIELDS,
  ],
  file: ["file", "format", ...ENTRY_FIELDS],
};

const TEXT_MAX = 512;

/** Checks the connector of a declared reconciliation; null when there was a fault. The provider's secret is not among its fields. */
export function checkConnector(place: Place, input: unknown, vetUrl: UrlChecker): ConnectorOptions | null {
  const before = place.faults.length;
  const kinds = Object.keys(CONNECTOR_FIELDS);
  const all = [...new Set(["kind", ...Object.values(CONNECTOR_FIELDS).flat()])];
  const fields = readFields(place, input, all);
  if (fields === null) return null;
  const { kind } = fields;
  if (!isKind(kind)) return report(within(place, "kind"), `must be one of ${kinds.join(", ")}`);
  const known = CONNECTOR_FIELDS[kind];
  for (const name of Object.keys(fields)) {
    if (name !== "kind" && all.includes(name) && !known.includes(name))
      report(within(place, name), `is no field of the connector ${kind}; known are ${known.join(", ")}`);
  }
  const texts: Record<string, string> = {};
  for (const name of known) {
    const value = readText(within(place, name), fields[name] ?? undefined, TEXT_MAX);
    if (typeof value === "string") texts[name] = value;
  }
  if (place.faults.length > before) return null;
  checkUrls(place, texts, vetUrl);
  CHECKS[kind](place, texts);
  // Every field is a text under its known name, and the checks above have seen to those that must be there.
  return place.faults.length > before ? null : ({ kind, ...texts } as ConnectorOptions);
}

function isKind(kind: unknown): kind is ConnectorKind {
  return typeof kind === "string" && Object.hasOwn(CONNECTOR_FIELDS, kind);
}

type Texts = Readonly<Record<string, string | undefined>>;

/** What is recorded as verified by the provider's API came over TLS. A fake on this machine may do without. */
function checkUrls(place: Place, texts: Texts, vetUrl: UrlChecker): void {
  for (const name of ["baseUrl", "url"]) {
    const text = texts[name];
    if (text === undefined) continue;
    const vetted = vetUrl(text);
    if (!vetted.ok) report(within(place, name), vetted.message);
    else if (!text.startsWith("https://") && !isLoopback(text))
      report(within(place, name), "must begin with https://: what the provider's API says counts only over TLS");
  }
}

function isLoopback(text: string): boolean {
  const { hostname } = new URL(text);
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

function need(place: Place, texts: Texts, ...names: readonly string[]): void {
  for (const name of names) if (texts[name] === undefined) report(within(place, name), "is missing");
}

const CHECKS: Readonly<Record<ConnectorKind, (place: Place, texts: Texts) => void>> = {
  stripe: () => {},
  github: (place, texts) => {
    const { owner, repo, org, appId, webhookId } = texts;
    const places = [owner !== undefined && repo !== undefined, org !== undefined, appId !== undefined].filter(Boolean);
    if (places.length !== 1) report(place, "must name one webhook: owner and repo, or org, or appId");
    if (appId === undefined && !/^[1-9]\d{0,18}$/.test(webhookId ?? ""))
      report(within(place, "webhookId"), "must be the number of the webhook, as the last part of its settings' URL");
    for (const [name, text] of Object.entries({ owner, repo, org }))
      if (text !== undefined && !/^[A-Za-z0-9._-]{1,100}$/.test(text)) report(within(place, name), "is no GitHub name");
  },
  svix: (place, texts) => need(place, texts, "applicationId", "baseUrl"),
  http: (place, texts) => {
    need(place, texts, "url", "id", "paging");
    oneOf(place, texts, "auth", ["bearer", "basic", "header"]);
    oneOf(place, texts, "paging", ["cursor", "url", "link", "none"]);
    if (texts["auth"] === "header") need(place, texts, "authHeader");
    if (texts["auth"] === "basic") need(place, texts, "username");
    if (texts["paging"] === "cursor") need(place, texts, "nextPlace", "cursorParameter");
    if (texts["paging"] === "url") need(place, texts, "nextPlace");
    checkPlaces(place, texts, ["items", "nextPlace", "id", "type", "time", "body"]);
  },
  file: (place, texts) => {
    need(place, texts, "file", "format", "id");
    oneOf(place, texts, "format", ["jsonl", "csv"]);
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(texts["file"] ?? "x"))
      report(within(place, "file"), "must be the name of a file, without a folder");
    if (texts["format"] === "jsonl") checkPlaces(place, texts, ["id", "type", "time", "body"]);
    else checkMoment(place, texts);
    if (texts["format"] === "csv") need(place, texts, "body");
  },
};

function checkPlaces(place: Place, texts: Texts, names: readonly string[]): void {
  for (const name of names) {
    const text = texts[name];
    if (text !== undefined && !isJsonPointer(text))
      report(within(place, name), "must be a JSON pointer such as /data/id");
  }
  checkMoment(place, texts);
}

function checkMoment(place: Place, texts: Texts): void {
  oneOf(place, texts, "timeFormat", ["iso", "s", "ms"] satisfies MomentFormat[]);
}

function oneOf(place: Place, texts: Texts, name: string, values: readonly string[]): void {
  const text = texts[name];
  if (text !== undefined && !values.includes(text)) report(within(place, name), `must be ${values.join(" or ")}`);
}
