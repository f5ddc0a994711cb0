import { Environment, EvaluationError, ParseError, TypeError as CelTypeError } from "@marcbachmann/cel-js";
import { findCostly, isRepeating } from "./filter-cost.ts";

/** What a filter sees of an event. */
export interface FilteredEvent {
  readonly type: string | null;
  /** The name of the source. */
  readonly source: string;
  /** The provider's id of the event; null when it names none. */
  readonly id: string | null;
  readonly occurredAt: Date | null;
  /** By lower-case name; several of one name are joined with a comma and a space. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body parsed as JSON; null when it is none or too large. May be a getter: it is read only where it is used. */
  readonly body: unknown;
}

/** Whether the event is meant, or why that could not be found out; a fault counts as no match. */
export type FilterVerdict =
  | { readonly ok: true; readonly isMatch: boolean }
  | { readonly ok: false; readonly fault: string };

export type EventFilter = (event: FilteredEvent) => FilterVerdict;

/** `costly`: why it would not be taken as a new one; null where nothing speaks against it. */
export type CompiledFilter =
  | { readonly ok: true; readonly filter: EventFilter; readonly costly: string | null }
  | { readonly ok: false; readonly message: string };

// A filter runs once for each event of its source: 0.4 µs for two comparisons (measured). The bounds keep every one of
// them near that: no more than this many nodes, and nothing that costs more than a multiple of the event's size.
const LIMITS = { maxAstNodes: 200, maxDepth: 32, maxListElements: 100, maxMapEntries: 100, maxCallArguments: 8 };
const FAULT_CHARS_MAX = 200;
const NESTED_MAX = 100;

const environment = new Environment({ limits: LIMITS, homogeneousAggregateLiterals: false }).registerVariable({
  name: "event",
  schema: { type: "dyn", source: "string", id: "dyn", occurredAt: "dyn", headers: "map<string, string>", body: "dyn" },
});

// To choose an operator the library tells the type of an operand by its first elements, all the way down, and keeps every type that
// it has met for good: a body of 6 KB that was nested 3,000 deep left 50 MB in memory (measured). The first level is enough for that.
new Environment()
  .registerFunction("reach(): bool", function (this: object) {
    const evaluator = Object.getPrototypeOf(this) as Record<string, unknown>;
    if (!Object.hasOwn(evaluator, "debugTypeDeep")) throw new Error("the CEL library tells types in another way");
    evaluator["debugTypeDeep"] = evaluator["debugType"];
    return true;
  })
  .evaluate("reach()");

/**
 * Compiles a CEL expression over `event` (https://cel.dev) into a filter. This file and `filter-cost.ts` alone know the CEL library.
 *
 * @param isStored true: it was taken before, by the rules of then, and what it costs is told without refusing it
 * @returns the filter, or what is wrong with the expression and at which character of it, counted from 1
 */
export function compileFilter(
  expression: string,
  { isStored = false }: { readonly isStored?: boolean } = {},
): CompiledFilter {
  try {
    const parsed = environment.parse(expression);
    const costly = findCostly(parsed.ast);
    const refused = costly === null ? null : refuse(costly.problem, costly.node.start);
    if (refused !== null && !isStored) return refused;
    const checked = parsed.check();
    if (!checked.valid) return refuse(summaryOf(checked.error), checked.error?.range?.start);
    if (checked.type !== "bool" && checked.type !== "dyn")
      return refuse(`gives ${checked.type ?? "nothing"}, not true or false`, 0);
    const shape = isRepeating(parsed.ast) ? withMaps : (event: FilteredEvent) => event;
    return { ok: true, filter: (event) => evaluate(parsed, shape(event)), costly: refused?.message ?? null };
  } catch (error) {
    if (error instanceof ParseError) return refuse(error.summary, error.range?.start);
    throw error;
  }
}

function refuse(problem: string, start: number | undefined): Extract<CompiledFilter, { ok: false }> {
  const place = start === undefined ? "" : ` at character ${start + 1}`;
  return { ok: false, message: `is not a usable filter${place}: ${problem.slice(0, FAULT_CHARS_MAX)}` };
}

function summaryOf(error: unknown): string {
  const isOurs = error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError;
  return isOurs ? error.summary : String(error);
}

function evaluate(run: (context: object) => unknown, event: FilteredEvent): FilterVerdict {
  // A loop may fault for every item, and the stack of a fault takes four times as long as the fault (measured).
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    const value = run({ event });
    if (typeof value === "boolean") return { ok: true, isMatch: value };
    return { ok: false, fault: "the filter gave something else than true or false" };
  } catch (error) {
    // The library throws for what an event lacks or has of another type; whatever it throws is a fault of this one filter.
    return { ok: false, fault: summaryOf(error).slice(0, FAULT_CHARS_MAX) };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

// The library lists all keys of an object to compare it, and even to tell its type: once for every item of a loop, that took
// minutes. It asks a Map for its size and its first entry.
function withMaps(event: FilteredEvent): FilteredEvent {
  return Object.create(event, { body: { get: () => shapeBody(event.body) } }) as FilteredEvent;
}

const shaped = new WeakMap<object, unknown>();

/** Once for all filters of an event. */
function shapeBody(body: unknown): unknown {
  if (typeof body !== "object" || body === null) return body;
  const known = shaped.get(body);
  if (known !== undefined) return known;
  const made = toMaps(body, 0);
  shaped.set(body, made);
  return made;
}

function toMaps(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth === NESTED_MAX) throw new RangeError(`the body is nested more than ${NESTED_MAX} deep`);
  if (Array.isArray(value)) return value.map((item) => toMaps(item, depth + 1));
  return new Map(Object.entries(value).map(([key, item]) => [key, toMaps(item, depth + 1)]));
}
