import type { ASTNode } from "@marcbachmann/cel-js";
import { Environment, EvaluationError, ParseError, TypeError as CelTypeError } from "@marcbachmann/cel-js";

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

export type CompiledFilter =
  | { readonly ok: true; readonly filter: EventFilter }
  | { readonly ok: false; readonly message: string };

// A filter runs once for each event of its source: 0.4 µs for two comparisons (measured). The bounds keep every one of
// them near that: no more than this many nodes, no loop inside a loop, no regular expression.
const LIMITS = { maxAstNodes: 200, maxDepth: 32, maxListElements: 100, maxMapEntries: 100, maxCallArguments: 8 };
const FAULT_CHARS_MAX = 200;
const LOOPS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "map", "filter"]);

const environment = new Environment({ limits: LIMITS, homogeneousAggregateLiterals: false }).registerVariable({
  name: "event",
  schema: { type: "dyn", source: "string", id: "dyn", occurredAt: "dyn", headers: "map<string, string>", body: "dyn" },
});

/**
 * Compiles a CEL expression over `event` (https://cel.dev) into a filter. The only file that knows the CEL library.
 *
 * @returns the filter, or what is wrong with the expression and at which character of it, counted from 1
 */
export function compileFilter(expression: string): CompiledFilter {
  try {
    const parsed = environment.parse(expression);
    const refused = findRefused(parsed.ast, false);
    if (refused !== null) return refuse(refused.problem, refused.node.start);
    const checked = parsed.check();
    if (!checked.valid) return refuse(summaryOf(checked.error), checked.error?.range?.start);
    if (checked.type !== "bool" && checked.type !== "dyn")
      return refuse(`gives ${checked.type ?? "nothing"}, not true or false`, 0);
    return { ok: true, filter: (event) => evaluate(parsed, event) };
  } catch (error) {
    if (error instanceof ParseError) return refuse(error.summary, error.range?.start);
    throw error;
  }
}

function refuse(problem: string, start: number | undefined): CompiledFilter {
  const place = start === undefined ? "" : ` at character ${start + 1}`;
  return { ok: false, message: `is not a usable filter${place}: ${problem.slice(0, FAULT_CHARS_MAX)}` };
}

function summaryOf(error: unknown): string {
  const isOurs = error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError;
  return isOurs ? error.summary : String(error);
}

function evaluate(run: (context: object) => unknown, event: FilteredEvent): FilterVerdict {
  try {
    const value = run({ event });
    if (typeof value === "boolean") return { ok: true, isMatch: value };
    return { ok: false, fault: "the filter gave something else than true or false" };
  } catch (error) {
    // The library throws for what an event lacks or has of another type; whatever it throws is a fault of this one filter.
    return { ok: false, fault: summaryOf(error).slice(0, FAULT_CHARS_MAX) };
  }
}

// One event must not hold the process: a regular expression can take exponential time, loops in loops a power of the body.
function findRefused(node: ASTNode, isInLoop: boolean): { node: ASTNode; problem: string } | null {
  const name = node.op === "rcall" || node.op === "call" ? node.args[0] : null;
  if (name === "matches") return { node, problem: "matches() is not supported; use startsWith, endsWith or contains" };
  const isLoop = node.op === "rcall" && name !== null && LOOPS.has(name);
  if (isLoop && isInLoop) return { node, problem: `${name}() stands inside another loop over a list` };
  for (const child of childrenOf(node)) {
    const refused = findRefused(child, isInLoop || isLoop);
    if (refused !== null) return refused;
  }
  return null;
}

function childrenOf(node: ASTNode): ASTNode[] {
  const found: ASTNode[] = [];
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value as unknown[]) collect(item);
    else if (typeof value === "object" && value !== null && "op" in value) found.push(value as ASTNode);
  };
  collect(node.args);
  return found;
}
