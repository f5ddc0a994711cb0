import type { SvixOptions } from "../../domain/connector.ts";
import { compactJson, readScalar, sliceItems, sliceJson } from "../../domain/json-slices.ts";
import type { Connector, LogEntry } from "./connector.ts";
import type { LineDeps } from "./provider-line.ts";
import { faultOf, openProviderLine } from "./provider-line.ts";
import { isPast, isWithin, readMoment } from "./read-entry.ts";

/** Svix refuses larger pages. */
const PAGE_ITEMS_MAX = 250;
/** Its bounds go by the times in its ids, which older versions count in whole seconds. */
const GRACE_MS = 1_000;

/**
 * The list of an application's messages of Svix and of what speaks its API (api.svix.com/docs: `GET /api/v1/app/{app_id}/msg/`, the
 * newest first, an `iterator` until `done`; `POST …/msg/{msg_id}/endpoint/{endpoint_id}/resend/`).
 */
export function connectSvix(deps: LineDeps, options: SvixOptions, secret: string): Connector {
  const base = new URL(options.baseUrl);
  const line = openProviderLine(deps, base.origin);
  const root = `${base.href.replace(/\/$/, "")}/api/v1/app/${encodeURIComponent(options.applicationId)}/msg/`;
  const headers = { authorization: `Bearer ${secret}`, accept: "application/json" };
  const ask = (method: string, path: string) =>
    line.call(async () => {
      await line.fetch(root + path, { method, headers });
      return line.lastText();
    });
  const { receiverId } = options;
  return {
    list: async ({ from, to }, cursor, pageItems) => {
      const query = new URLSearchParams({ limit: String(Math.min(pageItems, PAGE_ITEMS_MAX)), with_content: "true" });
      query.set("after", from.toISOString());
      query.set("before", to.toISOString());
      if (cursor !== null) query.set("iterator", cursor);
      const asked = await ask("GET", `?${query.toString()}`);
      if (!asked.ok) return asked;
      if (!isJson(asked.value)) return faultOf("malformed", "the answer of the provider's API is no JSON");
      const items = sliceItems(asked.value, "/data");
      if (items === null) return faultOf("malformed", "the answer holds no list");
      const iterator = readScalar(asked.value, "/iterator")?.text ?? null;
      const isDone = sliceJson(asked.value, "/done") !== "false";
      const entries = items.flatMap((item) => toEntry(item) ?? []);
      // Before v1.30 it takes one bound alone, and goes on to the beginning of the application.
      const window = { from: new Date(from.getTime() - GRACE_MS), to };
      const inside = entries.filter((entry) => isWithin(entry, window));
      return { ok: true, entries: inside, next: isDone || isPast(entries, window) ? null : iterator };
    },
    fetch: async ({ providerEventId }) => {
      const asked = await ask("GET", `${encodeURIComponent(providerEventId)}/?with_content=true`);
      if (!asked.ok) return asked;
      const entry = isJson(asked.value) ? toEntry(asked.value) : null;
      if (entry === null || entry.body === null) return faultOf("gone", "the log does not hold the payload any more");
      return { ok: true, body: entry.body, headers: entry.headers };
    },
    redeliver:
      receiverId === undefined
        ? null
        : async ({ providerEventId }) => {
            const path = `${encodeURIComponent(providerEventId)}/endpoint/${encodeURIComponent(receiverId)}/resend/`;
            const asked = await ask("POST", path);
            return asked.ok ? { ok: true } : asked;
          },
  };
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function toEntry(text: string): LogEntry | null {
  const id = readScalar(text, "/id")?.text;
  if (id === undefined || id === "") return null;
  const at = readMoment(readScalar(text, "/timestamp")?.text ?? "", "iso");
  const payload = sliceJson(text, "/payload");
  return {
    eventKey: `id:${id}`,
    providerEventId: id,
    reference: null,
    eventType: readScalar(text, "/eventType")?.text ?? null,
    occurredAt: at,
    providerOutcome: null,
    body: payload === null || !payload.startsWith("{") || isExpired(payload) ? null : Buffer.from(payload),
    headers: [
      ["content-type", "application/json"],
      ["svix-id", id],
      ...(at === null ? [] : [["svix-timestamp", String(Math.floor(at.getTime() / 1_000))] as const]),
    ],
  };
}

/** What Svix says in place of a payload that it has deleted, after its retention period or on request (docs.svix.com/retention). */
function isExpired(payload: string): boolean {
  return compactJson(payload) === '{"expired":true}';
}
