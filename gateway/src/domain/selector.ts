/** Where a value is taken from in an event: the one language for lanes and for the keys that keep an order. */
export type Selector =
  | { readonly kind: "source" }
  | { readonly kind: "type" }
  | { readonly kind: "header"; readonly name: string }
  | { readonly kind: "body"; readonly path: readonly string[] };

export type ParsedSelector =
  | { readonly ok: true; readonly selector: Selector }
  | { readonly ok: false; readonly problem: string };

export const SELECTOR_CHARS_MAX = 256;
const STEPS_MAX = 16;
const FORMS = "source, type, header:<name> or body:/<JSON pointer>";

/**
 * Reads a selector: `source`, `type`, `header:x-account`, `body:/data/account` (JSON pointer, RFC 6901).
 *
 * @returns the selector, or what is wrong with the text
 */
export function parseSelector(text: string): ParsedSelector {
  if (text === "source" || text === "type") return { ok: true, selector: { kind: text } };
  if (text.startsWith("header:")) return parseHeader(text.slice("header:".length));
  if (text.startsWith("body:")) return parsePointer(text.slice("body:".length));
  return { ok: false, problem: `must be ${FORMS}` };
}

/** An event as a selector sees it. The body is read only when it is asked for. */
export interface SelectedEvent {
  /** The name of the source. */
  readonly source: string;
  readonly type: string | null;
  /** The first header of a lower-case name. */
  header(name: string): string | null;
  /** The body parsed as JSON; null when it is none. */
  body(): unknown;
}

/** What an event has at a selector's place, as text: null when there is nothing, an object or a list. */
export function selectText(selector: Selector, event: SelectedEvent): string | null {
  switch (selector.kind) {
    case "source":
      return event.source;
    case "type":
      return event.type;
    case "header":
      return event.header(selector.name);
    case "body":
      return toText(followPath(event.body(), selector.path));
  }
}

function followPath(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return null;
    at = (at as Readonly<Record<string, unknown>>)[step];
  }
  return at;
}

function toText(value: unknown): string | null {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

// RFC 9110, 5.6.2: a field name is a token. Names are compared without regard to case.
function parseHeader(name: string): ParsedSelector {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(name)) {
    return { ok: false, problem: "must name a header after header:, such as header:x-account-id" };
  }
  return { ok: true, selector: { kind: "header", name: name.toLowerCase() } };
}

function parsePointer(pointer: string): ParsedSelector {
  if (!pointer.startsWith("/") || pointer === "/") {
    return { ok: false, problem: "must be a JSON pointer after body:, such as body:/data/account" };
  }
  // RFC 6901, 4: ~1 first, or ~01 would become a slash.
  if (/~(?![01])/.test(pointer)) return { ok: false, problem: "may hold ~ only as ~0 (a tilde) or ~1 (a slash)" };
  const path = pointer
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (path.length > STEPS_MAX) return { ok: false, problem: `goes deeper than ${STEPS_MAX} steps` };
  return { ok: true, selector: { kind: "body", path } };
}
