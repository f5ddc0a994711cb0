import type { HttpOptions } from "../../domain/connector.ts";
import { readScalar, sliceItems } from "../../domain/json-slices.ts";
import type { LogWindow } from "../../domain/reconciliation.ts";
import type { Connector } from "./connector.ts";
import type { LineDeps } from "./provider-line.ts";
import { faultOf, openProviderLine } from "./provider-line.ts";
import { isWithin, readEntry, writeMoment } from "./read-entry.ts";
import { isJson } from "./svix.ts";

/** A log behind plain HTTP and JSON, described by where its parts are. It is read with GET alone, at one origin. */
export function connectHttp(deps: LineDeps, options: HttpOptions, secret: string | null): Connector {
  const line = openProviderLine(deps, new URL(options.url).origin);
  const headers = { accept: "application/json", ...authorize(options, secret) };
  return {
    list: async (window, cursor, pageItems) => {
      const url = pageUrl(options, window, cursor, pageItems);
      const asked = await line.call(async () => (await line.fetch(url, { headers })).headers.get("link"));
      if (!asked.ok) return asked;
      const text = line.lastText();
      if (!isJson(text)) return faultOf("malformed", "the answer of the log is no JSON");
      const items = sliceItems(text, options.items ?? "");
      if (items === null)
        return faultOf("malformed", `the answer holds no list at ${JSON.stringify(options.items ?? "")}`);
      const read = items.map((item) => readEntry(item, options));
      if (read.includes(null)) return faultOf("malformed", `an entry has no id at ${options.id}`);
      const entries = read.flatMap((entry) => entry ?? []);
      const inside = entries.filter((entry) => isWithin(entry, window));
      const next = findNext(options, text, asked.value);
      if (next !== null && options.paging !== "cursor" && !URL.canParse(next, options.url))
        return faultOf("malformed", "the answer leads to a next page that is no URL");
      return { ok: true, entries: inside, next: items.length === 0 && options.paging !== "cursor" ? null : next };
    },
    fetch: null,
    redeliver: null,
  };
}

function authorize({ auth, authHeader, username }: HttpOptions, secret: string | null): Record<string, string> {
  if (auth === undefined || secret === null) return {};
  if (auth === "header") return { [authHeader ?? "authorization"]: secret };
  if (auth === "bearer") return { authorization: `Bearer ${secret}` };
  return { authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}` };
}

function pageUrl(options: HttpOptions, { from, to }: LogWindow, cursor: string | null, pageItems: number): URL {
  // A cursor that is a URL is whole already; the line refuses it at any other origin.
  if (cursor !== null && options.paging !== "cursor") return new URL(cursor, options.url);
  const url = new URL(options.url);
  const format = options.timeFormat ?? "iso";
  const parameters: readonly (readonly [name: string | undefined, value: string | null])[] = [
    [options.fromParameter, writeMoment(from, format)],
    [options.toParameter, writeMoment(to, format)],
    [options.limitParameter, String(pageItems)],
    [options.cursorParameter, cursor],
  ];
  for (const [name, value] of parameters) if (name !== undefined && value !== null) url.searchParams.set(name, value);
  return url;
}

function findNext(options: HttpOptions, text: string, link: string | null): string | null {
  if (options.paging === "none") return null;
  if (options.paging === "link") return /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? "")?.[1] ?? null;
  const next = readScalar(text, options.nextPlace ?? "")?.text ?? "";
  return next === "" ? null : next;
}
