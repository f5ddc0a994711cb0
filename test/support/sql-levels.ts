import type { SqlNode } from "./sql-tree.ts";
import { asKind, conjuncts, isNode, listOf, visitNodes } from "./sql-tree.ts";

/** One SELECT, UPDATE or DELETE of a statement: what it reads and what must hold for its rows. */
export interface Level {
  readonly kind: string;
  readonly fields: SqlNode;
  /** Tables by the name that the level calls them. */
  readonly tables: ReadonlyMap<string, string>;
  /** Names of CTEs and functions in FROM; they hold no rows of their own. */
  readonly derived: ReadonlySet<string>;
  /** What all of WHERE and of the joins' ON demand (outer joins are refused elsewhere: their ON binds one side only). */
  readonly conditions: readonly SqlNode[];
  /** Names that an enclosing level gives, for EXISTS and LATERAL. */
  readonly outer: readonly string[];
  /** Whether it stands inside EXISTS, IN or LATERAL, and so must be tied to the level around it. */
  readonly correlated: boolean;
}

const LEVELS = new Set(["SelectStmt", "UpdateStmt", "DeleteStmt"]);

/** Takes a parsed statement apart into its levels, subqueries and CTEs included. */
export function levelsOf(statement: unknown): Level[] {
  const found: Level[] = [];
  collect(statement, { ctes: new Set(), outer: [], correlated: false, found });
  return found;
}

interface Walk {
  readonly ctes: ReadonlySet<string>;
  readonly outer: readonly string[];
  readonly correlated: boolean;
  readonly found: Level[];
}

function collect(node: unknown, walk: Walk): void {
  visitNodes(node, (kind, fields) => {
    if (kind === "SubLink") {
      const tied = fields["subLinkType"] === "EXISTS_SUBLINK" || fields["subLinkType"] === "ANY_SUBLINK";
      collect(fields["testexpr"], walk);
      collect(fields["subselect"], { ...walk, correlated: tied });
      return false;
    }
    if (kind === "RangeSubselect") {
      collect(fields["subquery"], { ...walk, correlated: fields["lateral"] === true });
      return false;
    }
    if (kind === "InsertStmt") {
      const ctes = withCtes(fields, walk.ctes);
      collect(fields["withClause"], { ...walk, ctes });
      collect(fields["selectStmt"], { ...walk, ctes });
      return false;
    }
    if (!LEVELS.has(kind)) return true;
    takeLevel(kind, fields, walk);
    return false;
  });
}

function takeLevel(kind: string, fields: SqlNode, walk: Walk): void {
  const ctes = withCtes(fields, walk.ctes);
  const tables = new Map<string, string>();
  const derived = new Set<string>();
  const conditions = conjuncts(fields["whereClause"]);
  const from = [
    ...(kind === "SelectStmt" ? [] : [{ RangeVar: fields["relation"] }]),
    ...listOf(fields["fromClause"]),
    ...listOf(fields["usingClause"]),
  ];
  for (const item of from) takeFrom(item, { ctes, tables, derived, conditions });
  walk.found.push({ kind, fields, tables, derived, conditions, outer: walk.outer, correlated: walk.correlated });
  const inner = { ...walk, ctes, outer: [...walk.outer, ...tables.keys(), ...derived], correlated: false };
  for (const [name, value] of Object.entries(fields)) {
    // The halves of a UNION stand beside this level, not inside it.
    const half = (name === "larg" || name === "rarg") && isNode(value) ? { SelectStmt: value } : value;
    if (name !== "relation") collect(half, name === "withClause" ? { ...walk, ctes, correlated: false } : inner);
  }
}

function takeFrom(
  item: SqlNode,
  into: { ctes: ReadonlySet<string>; tables: Map<string, string>; derived: Set<string>; conditions: SqlNode[] },
): void {
  const table = asKind(item, "RangeVar");
  if (table !== null) {
    const name = String(table["relname"]);
    const alias = aliasOf(table) ?? name;
    if (table["schemaname"] === undefined && into.ctes.has(name)) into.derived.add(alias);
    else into.tables.set(alias, name);
    return;
  }
  const join = asKind(item, "JoinExpr");
  if (join !== null) {
    into.conditions.push(...conjuncts(join["quals"]));
    for (const side of [join["larg"], join["rarg"]]) if (isNode(side)) takeFrom(side, into);
    return;
  }
  const other = asKind(item, "RangeFunction") ?? asKind(item, "RangeSubselect");
  const alias = other === null ? null : aliasOf(other);
  if (alias !== null) into.derived.add(alias);
}

function aliasOf(fields: SqlNode): string | null {
  const alias = fields["alias"];
  return isNode(alias) ? String(alias["aliasname"]) : null;
}

function withCtes(fields: SqlNode, known: ReadonlySet<string>): ReadonlySet<string> {
  const clause = fields["withClause"];
  const names = isNode(clause) ? listOf(clause["ctes"]).map((cte) => asKind(cte, "CommonTableExpr")?.["ctename"]) : [];
  return new Set([...known, ...names.map(String)]);
}
