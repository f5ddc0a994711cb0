import { loadModule, parseSync } from "libpg-query";
import { beforeAll, describe, expect, it } from "vitest";
import { levelsOf } from "../../../test/support/sql-levels.ts";
import type { SqlNode } from "../../../test/support/sql-tree.ts";
import { asKind, columnPath, isNode, listOf } from "../../../test/support/sql-tree.ts";
import { collectStatements } from "../../../test/support/statements.ts";
import { LEGAL_MOVES, UNFINISHED_STATES } from "../../src/domain/delivery.ts";

beforeAll(() => loadModule());

/** A move that a statement makes, both states written in its text. */
interface Move {
  readonly from: string;
  readonly to: string;
}

/** The moves of one UPDATE of `delivery` that sets a state by name: from what its conditions ask for. */
function movesOf(text: string): Move[] {
  const statement = listOf(parseSync(text).stmts)[0]?.["stmt"];
  const levels = levelsOf(statement);
  const update = levels.find((level) => level.kind === "UpdateStmt" && [...level.tables.values()][0] === "delivery");
  const target = listOf(update?.fields["targetList"]).map((one) => asKind(one, "ResTarget"));
  const to = constant(target.find((one) => one?.["name"] === "state")?.["val"]);
  if (to === null) return [];
  const from = levels.flatMap((level) =>
    level.conditions.flatMap((condition) =>
      askedStates(condition, [...level.tables].find(([, table]) => table === "delivery")?.[0]),
    ),
  );
  return [...new Set(from)].map((state) => ({ from: state, to }));
}

// `state = 'x'` or `state IN ('x', 'y')` about the delivery, not about a table beside it.
function askedStates(condition: SqlNode, alias: string | undefined): string[] {
  const expression = asKind(condition, "A_Expr");
  const path = columnPath(expression?.["lexpr"]);
  if (alias === undefined || path.at(-1) !== "state" || (path.length > 1 && path[0] !== alias)) return [];
  const right = expression?.["rexpr"];
  const items = isNode(right) ? listOf(asKind(right, "List")?.["items"]) : [];
  return (items.length > 0 ? items : [right]).map(constant).filter((state) => state !== null);
}

function constant(node: unknown): string | null {
  const text = asKind(node, "A_Const")?.["sval"];
  return isNode(text) && typeof text["sval"] === "string" ? text["sval"] : null;
}

describe("the statements of the store", () => {
  it("move a delivery only as the table of legal moves says", async () => {
    const legal = new Set(LEGAL_MOVES.map(({ from, to }) => `${from} → ${to}`));
    const made = (await collectStatements()).flatMap(({ name, text }) =>
      movesOf(text).map((move) => ({ name, ...move })),
    );
    const moves = new Set(made.map(({ from, to }) => `${from} → ${to}`));
    for (const move of ["ready → leased", "ready → held", "scheduled → ready", "scheduled → held", "held → ready"]) {
      expect([...moves]).toContain(move);
    }
    expect(made.filter(({ from, to }) => !legal.has(`${from} → ${to}`))).toEqual([]);
  });

  it("never move one without asking for the state it is in", async () => {
    for (const { name, text } of await collectStatements()) {
      if (!/UPDATE holdfast\.delivery\b/.test(text)) continue;
      expect([name, /\bstate (?:=|IN) /.test(text.slice(text.search(/\bWHERE\b/)))]).toEqual([name, true]);
    }
  });
});

describe("the reader of moves", () => {
  it("sees the states of a subquery and of a list, and none of a table beside the delivery", () => {
    expect(
      movesOf(
        "WITH due AS (SELECT q.id FROM holdfast.delivery q WHERE q.state = 'scheduled') UPDATE holdfast.delivery d SET state = 'ready' FROM due WHERE d.id = due.id",
      ),
    ).toEqual([{ from: "scheduled", to: "ready" }]);
    expect(
      movesOf(
        "UPDATE holdfast.delivery d SET state = 'dead' FROM holdfast.destination t WHERE t.state = 'active' AND d.state IN ('ready', 'held')",
      ),
    ).toEqual(
      UNFINISHED_STATES.filter((state) => ["ready", "held"].includes(state)).map((from) => ({ from, to: "dead" })),
    );
  });
});
