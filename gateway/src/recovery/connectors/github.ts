import { createSign } from "node:crypto";
import type { GithubOptions } from "../../domain/connector.ts";
import { GITHUB_URL } from "../../domain/connector.ts";
import { compactJson, readScalar, sliceItems, sliceJson } from "../../domain/json-slices.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Connector, ConnectorFault, LogEntry, LoggedRequest } from "./connector.ts";
import type { LineDeps } from "./provider-line.ts";
import { faultOf, openProviderLine } from "./provider-line.ts";
import { isPast, isWithin } from "./read-entry.ts";

/**
 * GitHub's log of one webhook's deliveries (docs.github.com, REST API, repository, organisation and app webhooks: the newest first,
 * up to 100 a page, an opaque cursor in the Link header, three days). A redelivery is another line with the same `guid`, which is the
 * event's id; the line's own number is what a redelivery and the payload are asked for by.
 */
export async function connectGithub(deps: LineDeps, options: GithubOptions, secret: string): Promise<Connector> {
  // 9 MB that a gateway without such a reconciliation does without (measured).
  const { Octokit } = await import("@octokit/rest");
  const base = new URL(options.baseUrl ?? GITHUB_URL);
  const line = openProviderLine(deps, base.origin);
  const client = new Octokit({
    baseUrl: base.href.replace(/\/$/, ""),
    request: { fetch: line.fetch },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  const place = `${placeOf(options)}deliveries`;
  const headers = () => ({
    authorization:
      options.appId === undefined ? `Bearer ${secret}` : `Bearer ${signAppToken(deps.clock, options.appId, secret)}`,
  });
  return {
    list: async (window, cursor, pageItems) => {
      const page = { per_page: pageItems, ...(cursor === null ? {} : { cursor }) };
      const asked = await line.call(() => client.request(`GET ${place}`, { ...page, headers: headers() }));
      if (!asked.ok) return asked;
      const texts = sliceItems(line.lastText(), "");
      if (texts === null) return faultOf("malformed", "the answer holds no list of deliveries");
      const entries = texts.flatMap((text) => toEntry(text) ?? []);
      const next = nextCursor(asked.value.headers.link);
      return {
        ok: true,
        entries: entries.filter((entry) => isWithin(entry, window)),
        // There is no filter by time.
        next: isPast(entries, window) ? null : next,
      };
    },
    fetch: async ({ reference }) => {
      if (reference === null) return faultOf("gone", "the log has no number of this delivery");
      const asked = await line.call(() => client.request(`GET ${place}/${reference}`, { headers: headers() }));
      if (!asked.ok) return asked;
      return readRequest(line.lastText());
    },
    redeliver: async ({ reference }) => {
      if (reference === null) return faultOf("gone", "the log has no number of this delivery");
      const asked = await line.call(() =>
        client.request(`POST ${place}/${reference}/attempts`, { headers: headers() }),
      );
      return asked.ok ? { ok: true } : asked;
    },
  };
}

function placeOf({ owner, repo, org, appId, webhookId }: GithubOptions): string {
  if (appId !== undefined) return "/app/hook/";
  if (org !== undefined) return `/orgs/${org}/hooks/${webhookId}/`;
  return `/repos/${owner}/${repo}/hooks/${webhookId}/`;
}

function toTokenPart(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Ten minutes at most; a minute back, because clocks differ (docs.github.com, generating a JSON web token for a GitHub App). */
function signAppToken(clock: Clock, appId: string, privateKey: string): string {
  const nowSec = Math.floor(clock.now().getTime() / 1_000);
  const content = `${toTokenPart({ alg: "RS256", typ: "JWT" })}.${toTokenPart({ iat: nowSec - 60, exp: nowSec + 540, iss: appId })}`;
  return `${content}.${createSign("RSA-SHA256").update(content).sign(privateKey, "base64url")}`;
}

/** Numbers are read digit by digit: the numbers of deliveries are longer than what a double holds. */
function toEntry(text: string): LogEntry | null {
  const id = readScalar(text, "/id");
  const guid = readScalar(text, "/guid");
  const event = readScalar(text, "/event")?.text ?? null;
  const action = readScalar(text, "/action")?.text ?? null;
  const status = Number(readScalar(text, "/status_code")?.text ?? Number.NaN);
  const at = new Date(readScalar(text, "/delivered_at")?.text ?? Number.NaN);
  if (id === null || guid === null || guid.kind !== "text") return null;
  return {
    eventKey: `id:${guid.text}`,
    providerEventId: guid.text,
    reference: id.text,
    eventType: action === null || event === null ? event : `${event}.${action}`,
    occurredAt: Number.isNaN(at.getTime()) ? null : at,
    providerOutcome: status >= 200 && status < 300 ? "delivered" : "failed",
    body: null,
    headers: [],
  };
}

function nextCursor(link: string | undefined): string | null {
  const next = /<([^>]*)>\s*;\s*rel="next"/.exec(link ?? "")?.[1];
  if (next === undefined || !URL.canParse(next)) return null;
  return new URL(next).searchParams.get("cursor");
}

/** The request as it was sent: compact JSON, or the same in a form's field, as the webhook is set. */
function readRequest(text: string): ({ readonly ok: true } & LoggedRequest) | ConnectorFault {
  const payload = sliceJson(text, "/request/payload");
  const headers = sliceJson(text, "/request/headers");
  if (payload === null || headers === null || !payload.startsWith("{"))
    return faultOf("gone", "the log does not hold the payload any more");
  const pairs = Object.entries(JSON.parse(headers) as Record<string, unknown>);
  const json = compactJson(payload);
  const isForm = pairs.some(
    ([name, value]) => name.toLowerCase() === "content-type" && String(value).includes("x-www-form-urlencoded"),
  );
  return {
    ok: true,
    body: Buffer.from(isForm ? new URLSearchParams({ payload: json }).toString() : json),
    headers: pairs.map(([name, value]): [string, string] => [name, String(value)]),
  };
}
