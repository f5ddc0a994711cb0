import { parseSync } from "libpg-query";
import type { Level } from "./sql-levels.ts";
import { levelsOf } from "./sql-levels.ts";
import type { SqlNode } from "./sql-tree.ts";
import { asKind, columnPath, functionName, isNode, listOf, visitNodes } from "./sql-tree.ts";

// Immutable, every one. What is not here may be volatile (refused on a cluster in UPDATE and slow in INSERT … SELECT)
// or stable (refused in UPDATE with a column as argument: measured and read in the engine's own source).
const IMMUTABLE_FUNCTIONS = new Set(["unnest", "substring", "octet_length"]);
const KINDS = new Set(["SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt"]);

/**
 * Judges one hot statement by the list of what to avoid, so that the step to a cluster stays open: each sentence names a
 * fault and what to write instead. Call `loadModule()` of libpg-query before. An empty list means that it is clean.
 */
export function judgeHotStatement(text: string): string[] {
  const parsed = parseSync(text);
  const statements = listOf(parsed.stmts).map((one) => one["stmt"]);
  if (statements.length !== 1) return ["several commands in one text: one statement a file"];
  const statement = statements[0];
  const kind = isNode(statement) ? (Object.keys(statement)[0] ?? "") : "";
  if (!KINDS.has(kind)) return [`${kind} is no SELECT, INSERT, UPDATE or DELETE`];
  const levels = levelsOf(statement);
  return [
    ...levels.flatMap(judgeTables),
    ...levels.flatMap(judgeTies),
    ...levels.flatMap(judgeLevel),
    ...judgeInserts(statement),
    ...judgeNodes(statement),
  ];
}

function judgeTables(level: Level): string[] {
  const tested = new Set(level.conditions.map((condition) => testedBucket(condition, level)));
  return [...level.tables]
    .filter(([alias]) => !tested.has(alias))
    .map(([alias, table]) => `${table} (${alias}) has no test of its own: add ${alias}.bucket = ANY($n::int[])`);
}

// `x.bucket = ANY($n)` or `x.bucket = $n`, as a condition that always holds.
function testedBucket(condition: SqlNode, level: Level): string | null {
  const expression = asKind(condition, "A_Expr");
  const isEqual = isOperator(expression, "=") && ["AEXPR_OP", "AEXPR_OP_ANY"].includes(String(expression?.["kind"]));
  if (!isEqual || !isParameter(expression?.["rexpr"])) return null;
  return bucketOwner(expression?.["lexpr"], level);
}

function bucketOwner(node: unknown, level: Level): string | null {
  const path = columnPath(node);
  if (path.at(-1) !== "bucket") return null;
  if (path.length > 1) return path[0]!;
  return level.tables.size === 1 && level.derived.size === 0 ? [...level.tables.keys()][0]! : null;
}

function isParameter(node: unknown): boolean {
  const cast = asKind(node, "TypeCast");
  return asKind(cast === null ? node : cast["arg"], "ParamRef") !== null;
}

function isOperator(expression: SqlNode | null, name: string): boolean {
  return listOf(expression?.["name"]).some((part) => asKind(part, "String")?.["sval"] === name);
}

// Tables of one level, and a level and the one around it, must be joined on bucket.
function judgeTies(level: Level): string[] {
  const groups = new Map<string, string>();
  const find = (name: string): string => {
    const up = groups.get(name) ?? name;
    return up === name ? name : find(up);
  };
  for (const condition of level.conditions) {
    const expression = asKind(condition, "A_Expr");
    if (expression === null || !isOperator(expression, "=")) continue;
    const left = bucketOwner(expression["lexpr"], level);
    const right = bucketOwner(expression["rexpr"], level);
    if (left !== null && right !== null) groups.set(find(left), find(right));
  }
  const aliases = [...level.tables.keys()];
  const faults = aliases
    .slice(1)
    .filter((alias) => find(alias) !== find(aliases[0]!))
    .map((alias) => `${aliases[0]} and ${alias} are not joined on bucket`);
  const isTied = aliases.some((alias) => level.outer.some((outer) => find(outer) === find(alias)));
  if (level.correlated && aliases.length > 0 && !isTied)
    faults.push("a subquery is not joined on bucket to what is around it");
  return faults;
}

function judgeLevel(level: Level): string[] {
  const faults: string[] = [];
  if (level.kind === "UpdateStmt" && setsBucket(level.fields["targetList"])) faults.push("bucket is never updated");
  const clause = level.fields["withClause"];
  if (isNode(clause) && clause["recursive"] === true) faults.push("a recursive CTE");
  return faults;
}

function setsBucket(targets: unknown): boolean {
  return listOf(targets).some((target) => asKind(target, "ResTarget")?.["name"] === "bucket");
}

function judgeInserts(statement: unknown): string[] {
  const faults: string[] = [];
  visitNodes(statement, (kind, fields) => {
    if (kind === "CommonTableExpr" && asKind(fields["ctequery"], "InsertStmt") !== null) faults.push("INSERT in a CTE");
    if (kind === "InsertStmt") faults.push(...judgeInsert(fields));
    return true;
  });
  return faults;
}

function judgeInsert(insert: SqlNode): string[] {
  const faults: string[] = [];
  const select = asKind(insert["selectStmt"], "SelectStmt");
  for (const holder of [insert["withClause"], select?.["withClause"]]) {
    const isModifying = listOf(isNode(holder) ? holder["ctes"] : []).some((cte) => {
      const query = asKind(cte, "CommonTableExpr")?.["ctequery"];
      return asKind(query, "UpdateStmt") !== null || asKind(query, "DeleteStmt") !== null;
    });
    if (isModifying) faults.push("INSERT from a data-modifying CTE");
  }
  faults.push(...judgeInsertedBucket(insert, select));
  const conflict = insert["onConflictClause"];
  if (!isNode(conflict)) return faults;
  if (setsBucket(conflict["targetList"])) faults.push("bucket is never updated");
  const infer = isNode(conflict["infer"]) ? listOf(conflict["infer"]["indexElems"]) : [];
  const names = infer.map((element) => asKind(element, "IndexElem")?.["name"]);
  if (names.length > 0 && !names.includes("bucket")) faults.push("ON CONFLICT names a key without bucket");
  return faults;
}

// The value of `bucket` must come from a table of the same statement (the anchor), or from a row of VALUES.
function judgeInsertedBucket(insert: SqlNode, select: SqlNode | null): string[] {
  const at = listOf(insert["cols"]).findIndex((column) => asKind(column, "ResTarget")?.["name"] === "bucket");
  if (at < 0) return ["INSERT does not name bucket among its columns"];
  if (select === null || listOf(select["valuesLists"]).length > 0) return [];
  const value = asKind(listOf(select["targetList"])[at], "ResTarget")?.["val"];
  const [alias, column] = columnPath(value);
  const level = levelsOf({ SelectStmt: select }).at(0);
  if (column === "bucket" && level?.tables.has(alias ?? "") === true) return [];
  return ["INSERT takes bucket from something that is no table: anchor it on bucket_slot"];
}

function judgeNodes(statement: unknown): string[] {
  const faults: string[] = [];
  visitNodes(statement, (kind, fields) => {
    const fault = judgeNode(kind, fields);
    if (fault !== null) faults.push(fault);
    return true;
  });
  return faults;
}

function judgeNode(kind: string, fields: SqlNode): string | null {
  switch (kind) {
    case "FuncCall":
      return judgeCall(fields);
    case "SQLValueFunction":
      return "a clock or a name of the session inside SQL: pass it as a parameter";
    case "MergeStmt":
      return "MERGE";
    case "GroupingSet":
      return "GROUPING SETS, CUBE or ROLLUP";
    case "JoinExpr":
      return fields["jointype"] === "JOIN_INNER" ? null : "an outer join: its ON does not bound both sides";
    case "ColumnRef": {
      const [qualifier] = columnPath({ ColumnRef: fields });
      return qualifier === "old" || qualifier === "new" ? "RETURNING old or new is not in PostgreSQL 15" : null;
    }
    default:
      return null;
  }
}

function judgeCall(fields: SqlNode): string | null {
  const name = functionName(fields);
  if (fields["agg_star"] === true || name === "count") return "count(…) over a hot table";
  if (IMMUTABLE_FUNCTIONS.has(name)) return null;
  if (name === "extract" && isDifference(listOf(fields["args"]).at(-1))) return null;
  return `${name}() is not known to be immutable: compute it in the gateway and pass it as a parameter`;
}

// extract() of a timestamptz is stable, since fields depend on the zone; of a difference (an interval) it is immutable.
function isDifference(node: unknown): boolean {
  return isOperator(asKind(node, "A_Expr"), "-");
}
