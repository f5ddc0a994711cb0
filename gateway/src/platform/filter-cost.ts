import type { ASTNode } from "@marcbachmann/cel-js";

/** A part of an expression that could cost one event more than its size, and what is wrong with it. */
export interface CostlyPart {
  readonly node: ASTNode;
  readonly problem: string;
}

/** Where a part stands. */
interface Place {
  /** Whether a loop is around it, or goes through what it gives. */
  readonly isNested: boolean;
  readonly loop: Loop | null;
}

/** The loop that works a part out for every item. */
interface Loop {
  /** The item's variable; empty when the items are parts of the event that the expression itself lists. */
  readonly item: string;
  /** Whether it goes through a list of the expression itself, and so through a hundred items at most, whatever the event is. */
  readonly isShort: boolean;
}

const LOOPS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "map", "filter"]);
/** What looks through its first operand for the second. */
const SEARCHES: ReadonlySet<string> = new Set(["contains", "indexOf", "lastIndexOf"]);
/** What costs no more than the smaller one of its operands. */
const COMPARISONS: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">=", "startsWith", "endsWith"]);
/** What gives a number, a time or a truth, whatever its operands are. */
const OPERATORS = "&& || !_ -_ - * / % in".split(" ");
const CONVERSIONS = ["has", "size", "bool", "int", "uint", "double", "timestamp", "duration", "type"];
const SCALARS: ReadonlySet<string> = new Set([...SEARCHES, ...COMPARISONS, ...OPERATORS, ...CONVERSIONS]);
/** What puts a text or a list together, out of copies of its operands. */
const COPIES: ReadonlySet<string> = new Set(["+", "split", "join"]);
const COPIES_MAX = 8;
const SHORT_CHARS_MAX = 32;
/** Made by the gateway and short; the rest of an event is as long as its sender likes. */
const SHORT_FIELDS: ReadonlySet<unknown> = new Set(["source", "occurredAt"]);

const OUTSIDE = "of the event outside of the item, again for every item";

/**
 * Finds what would let one event hold the process or fill its memory. With the bounds on an expression's size everything else
 * costs a multiple of the event's size: a loop may do for each item what costs no more than the item itself.
 */
export function findCostly(root: ASTNode): CostlyPart | null {
  const oneTooMany = listParts(root).filter((node) => COPIES.has(nameOf(node)))[COPIES_MAX];
  if (oneTooMany === undefined) return findIn(root, { isNested: false, loop: null });
  return { node: oneTooMany, problem: `+, split() and join() may stand ${COPIES_MAX} times in all in a filter` };
}

/** Whether it works a part of the event out more than once. */
export function isRepeating(root: ASTNode): boolean {
  return listParts(root).some((node) => node.op === "in" || loopOf(node) !== null);
}

function findIn(node: ASTNode, place: Place): CostlyPart | null {
  const problem = judge(node, place);
  if (problem !== null) return { node, problem };
  const loop = loopOf(node);
  for (const [i, child] of childrenOf(node).entries()) {
    // The first child is the list, which is worked out once.
    const inside = loop === null ? place : { isNested: true, loop: i === 0 ? place.loop : loop };
    const costly = findIn(child, inside);
    if (costly !== null) return costly;
  }
  return null;
}

function judge(node: ASTNode, { isNested, loop }: Place): string | null {
  const name = nameOf(node);
  const operands = childrenOf(node);
  const refused = judgeName(name, node, operands) ?? judgeNeedle(name, operands, loop);
  if (refused !== null) return refused;
  if (isNested && loopOf(node) !== null) return `${name}() stands inside another loop over a list`;
  if (loop === null || (loop.isShort && !COPIES.has(name))) return null;
  return judgeInLoop(name, node, operands, loop.item);
}

function judgeName(name: string, node: ASTNode, operands: readonly ASTNode[]): string | null {
  if (node.op !== "call" && node.op !== "rcall") return null;
  const last = operands.at(-1);
  switch (name) {
    // A regular expression can take exponential time.
    case "matches":
      return "matches() is not supported; use startsWith, endsWith or contains";
    // A chain of them doubles a list thirty times over.
    case "bind":
      return "bind() is not supported; write the value where it is used";
    // The library reads it by a regular expression, in the cube of the time for a text of digits.
    case "duration":
      return last?.op === "value" ? null : 'duration() takes a literal only, such as duration("5m")';
    case "join":
      return operands.length === 1 || (last?.op === "value" && isShort(last))
        ? null
        : `join() takes a literal of up to ${SHORT_CHARS_MAX} characters only`;
    // What it makes is kept for every item, so it must not be larger than the item.
    case "map":
      return last !== undefined && makesMuch(last)
        ? "map() may not make lists, maps or long texts; use exists()"
        : null;
    default:
      return null;
  }
}

/** Looking for one long text in another one takes their product: for a text of 1 MiB a minute (measured). */
function judgeNeedle(name: string, operands: readonly ASTNode[], loop: Loop | null): string | null {
  if (!SEARCHES.has(name) && name !== "split") return null;
  const isLiteral = (one: ASTNode): boolean => isOfItem(one, loop?.isShort === true ? loop.item : "");
  const [text, needle] = operands;
  if (text === undefined || needle === undefined || isLiteral(needle)) return null;
  return isLiteral(text) && name !== "split" ? null : `${name}() looks for a literal only, not for a part of the event`;
}

function makesMuch(node: ASTNode): boolean {
  const name = nameOf(node);
  if (node.op === "list" || node.op === "map" || name === "split") return true;
  if (SCALARS.has(name) || node.op === "." || node.op === "[]") return false;
  const parts = node.op === "?:" ? node.args.slice(1) : childrenOf(node);
  const isBuilt = node.op === "call" || node.op === "rcall" || node.op === "+";
  return parts.some((part) => (isBuilt && part.op === "value" && !isShort(part)) || makesMuch(part));
}

function judgeInLoop(name: string, node: ASTNode, operands: readonly ASTNode[], item: string): string | null {
  const isOurs = (one: ASTNode): boolean => isOfItem(one, item);
  const [first, second] = operands;
  if (name === "in") {
    if (second === undefined || isOurs(second) || (second.op === "list" && isOurs(first!))) return null;
    return `in goes through a part ${OUTSIDE}; give it a literal list, or take it out of the loop`;
  }
  if (COMPARISONS.has(name))
    return operands.some(isOurs) ? null : `${name} compares two parts ${OUTSIDE}; take it out of the loop`;
  if (name === "+")
    return operands.every(isOurs) ? null : `+ copies a part ${OUTSIDE}; with numbers use - on the other side`;
  if ((node.op !== "call" && node.op !== "rcall") || ["has", "dyn", "type"].includes(name) || loopOf(node) !== null)
    return null;
  if (/^get[A-Z]/.test(name) && operands.length > 1)
    return `${name}() looks up a time zone, again for every item; take it out of the loop`;
  const read = SEARCHES.has(name) ? operands.slice(0, 1) : operands;
  return read.every(isOurs) ? null : `${name}() goes through a part ${OUTSIDE}; take it out of the loop`;
}

/** Whether a value is a literal or comes from the loop's item: all of them together are no larger than the event. */
function isOfItem(node: ASTNode, item: string): boolean {
  switch (node.op) {
    case "id":
      return node.args === item;
    case ".": {
      const [whole, field] = node.args;
      const isShortField = whole.op === "id" && whole.args === "event" && SHORT_FIELDS.has(field);
      return isShortField || isOfItem(whole, item);
    }
    case "[]":
      return isOfItem(node.args[0], item);
    case "?:":
      return node.args.slice(1).every((branch) => isOfItem(branch, item));
    default:
      return SCALARS.has(nameOf(node)) || childrenOf(node).every((child) => isOfItem(child, item));
  }
}

function loopOf(node: ASTNode): Loop | null {
  if (node.op !== "rcall" || !LOOPS.has(node.args[0])) return null;
  const [, list, [item]] = node.args;
  const isShortList = list.op === "list";
  const isOfEvent = isShortList && !list.args.every(({ op }) => op === "value");
  return { item: item?.op === "id" && !isOfEvent ? item.args : "", isShort: isShortList };
}

function isShort(literal: Extract<ASTNode, { op: "value" }>): boolean {
  const { args } = literal;
  return !(typeof args === "string" || args instanceof Uint8Array) || args.length <= SHORT_CHARS_MAX;
}

/** The name of the function that is called, or the operator. */
function nameOf(node: ASTNode): string {
  return node.op === "rcall" || node.op === "call" ? node.args[0] : node.op;
}

function listParts(node: ASTNode): ASTNode[] {
  return [node, ...childrenOf(node).flatMap(listParts)];
}

/** What a part works on; the receiver of a function first. */
function childrenOf(node: ASTNode): ASTNode[] {
  const found: ASTNode[] = [];
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value as unknown[]) collect(item);
    else if (typeof value === "object" && value !== null && "op" in value) found.push(value as ASTNode);
  };
  collect(node.args);
  return found;
}
