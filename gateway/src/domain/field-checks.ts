/** One fault of an input, with the place where it is: `destinations.billing.url`, `routes[2].source`. */
export interface FieldFault {
  readonly path: string;
  readonly problem: string;
}

/** An input object after its keys were checked: only known ones, each of them still of unknown type. */
export type Fields = Readonly<Record<string, unknown>>;

/** What stands in an answer for a value that is a credential; refused as a value, so that it cannot be saved back. */
export const MASKED = "[redacted]";

/** Where a check stands: the path so far, and the list that every fault goes to. */
export interface Place {
  readonly path: string;
  readonly faults: FieldFault[];
}

export function within(place: Place, step: string | number): Place {
  if (typeof step === "number") return { path: `${place.path}[${step}]`, faults: place.faults };
  return { path: place.path === "" ? step : `${place.path}.${step}`, faults: place.faults };
}

export function report(place: Place, problem: string): null {
  place.faults.push({ path: place.path, problem });
  return null;
}

/** The input as an object with known keys; every unknown key is a fault that names the nearest known one. */
export function readFields(place: Place, input: unknown, known: readonly string[]): Fields | null {
  if (!isPlainObject(input)) return report(place, `must be an object, not ${nameType(input)}`);
  const unknown = Object.keys(input).filter((key) => !known.includes(key));
  for (const key of unknown.slice(0, UNKNOWN_REPORTED_MAX)) {
    const nearest = nearestName(key, known);
    const hint = nearest === null ? `known are ${known.join(", ")}` : `did you mean ${nearest}?`;
    report(within(place, shown(key)), `is not a known field; ${hint}`);
  }
  return input;
}

const UNKNOWN_REPORTED_MAX = 20;

export function isPlainObject(input: unknown): input is Record<string, unknown> {
  return typeof input === "object" && input !== null && !Array.isArray(input) && !(input instanceof Date);
}

/** A text of 1 to `charsMax` characters; undefined when absent, null when faulty. */
export function readText(place: Place, input: unknown, charsMax = 16_384): string | null | undefined {
  if (input === undefined) return undefined;
  if (typeof input !== "string") return report(place, `must be text, not ${nameType(input)}`);
  if (input === "") return report(place, "must not be empty");
  if (input.length > charsMax) return report(place, `is longer than ${charsMax} characters`);
  if (input.includes("\u0000") || !input.isWellFormed())
    return report(place, "holds a character that cannot be stored");
  return input;
}

/** A whole number within bounds; undefined when absent, null when faulty. */
export function readInteger(place: Place, input: unknown, min: number, max: number): number | null | undefined {
  if (input === undefined) return undefined;
  if (typeof input !== "number" || !Number.isInteger(input) || input < min || input > max) {
    return report(place, `must be a whole number from ${min} to ${max}, not ${shownValue(input)}`);
  }
  return input;
}

/** A list with at most `itemsMax` items; undefined when absent, null when faulty. */
export function readList(place: Place, input: unknown, itemsMax: number): readonly unknown[] | null | undefined {
  if (input === undefined) return undefined;
  if (!Array.isArray(input)) return report(place, `must be a list, not ${nameType(input)}`);
  if (input.length > itemsMax) return report(place, `has more than ${itemsMax} items`);
  return input as unknown[];
}

/** A moment as ISO 8601 text in UTC; undefined when absent, null when faulty. */
export function readMoment(place: Place, input: unknown): string | null | undefined {
  if (input === undefined) return undefined;
  const isDate = input instanceof Date || typeof input === "number";
  const date = isDate ? new Date(input) : typeof input === "string" ? parseMoment(input) : null;
  const year = date?.getUTCFullYear() ?? Number.NaN;
  // PostgreSQL and Node agree on four-digit years; NaN fails both comparisons.
  if (date === null || !(year >= 1970 && year <= 9999)) {
    return report(
      place,
      "must be a moment: ISO 8601 text (UTC unless it names a zone), a Date, or milliseconds since 1970",
    );
  }
  return date.toISOString();
}

const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Without a zone it is UTC. JavaScript takes it for the zone of whoever reads it, and nearly any text for a moment of that. */
function parseMoment(text: string): Date | null {
  const [whole, day, time = "00:00", zone = "Z"] = MOMENT.exec(text) ?? [];
  return whole === undefined ? null : new Date(`${day}T${time}${zone.toUpperCase()}`);
}

export function nameType(input: unknown): string {
  if (input === null) return "null";
  if (Array.isArray(input)) return "a list";
  if (input instanceof Date) return "a date";
  if (typeof input === "object") return "an object";
  return input === undefined ? "absent" : `a ${typeof input}`;
}

function shownValue(input: unknown): string {
  return typeof input === "number" ? String(input) : nameType(input);
}

/** A key as it may stand in a path: short and printable. */
export function shown(key: string): string {
  return /^[\w$-]{1,64}$/.test(key) ? key : JSON.stringify(key.slice(0, 64));
}

/** The known name that differs least, or null when none is near: at most a third of the letters may differ. */
export function nearestName(name: string, known: readonly string[]): string | null {
  if (name.length > 64) return null;
  const wanted = name.toLowerCase();
  let best: { readonly name: string; readonly distance: number } | null = null;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (best === null || distance < best.distance) best = { name: candidate, distance };
  }
  return best !== null && best.distance <= Math.max(1, Math.floor(name.length / 3)) ? best.name : null;
}

// Two neighbours that changed places count as one edit: it is the commonest slip of the fingers.
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1, isSwap ? before[j - 2]! + 1 : Infinity));
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
