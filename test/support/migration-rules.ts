import { parseSync } from "libpg-query";
import type { SqlNode } from "./sql-tree.ts";
import { asKind, columnPath, isNode, listOf, visitNodes } from "./sql-tree.ts";

/** What earlier migrations made, as far as a later one is judged by it. */
interface Known {
  /** The expressions of CHECKs, by `table.name`. */
  readonly checks: Map<string, unknown>;
  readonly uniqueIndexes: Set<string>;
}

/** What a migration itself has made: no older process knows it. */
interface Fresh {
  readonly tables: Set<string>;
  /** `table.column` */
  readonly columns: Set<string>;
  /** `table.column` of columns that may be left out, whether they have a default or not. */
  readonly nullable: Set<string>;
}

/**
 * Judges migrations in their order by what a process of the version before goes on doing while the new schema is there: its statements
 * name the columns that it knows and leave out all others. Each sentence names a fault. What this cannot tell to be harmless counts as
 * one. Call `loadModule()` of libpg-query before.
 */
export function judgeMigrations(migrations: readonly { readonly name: string; readonly sql: string }[]): string[] {
  const known: Known = { checks: new Map(), uniqueIndexes: new Set() };
  return migrations.flatMap(({ name, sql }) => {
    const fresh: Fresh = { tables: new Set(), columns: new Set(), nullable: new Set() };
    const statements = listOf(parseSync(sql).stmts).map((one) => one["stmt"]);
    return statements.flatMap((one) => judgeStatement(one, known, fresh)).map((fault) => `${name}: ${fault}`);
  });
}

function judgeStatement(statement: unknown, known: Known, fresh: Fresh): string[] {
  const [kind = "", fields] = Object.entries(isNode(statement) ? statement : {})[0] ?? [];
  if (!isNode(fields)) return ["there is a statement without fields"];
  switch (kind) {
    case "CreateStmt":
      return noteTable(fields, known, fresh);
    case "IndexStmt":
      return judgeIndex(fields, known, fresh);
    case "AlterTableStmt":
      return judgeAlter(fields, known, fresh);
    case "DropStmt":
      return judgeDrop(fields, known);
    case "RenameStmt":
      return [`${tableOf(fields)} ${String(fields["subname"] ?? "itself")} is renamed`];
    case "InsertStmt":
    case "UpdateStmt":
    case "DeleteStmt":
      return [];
    default:
      return [`${kind} cannot be judged`];
  }
}

function tableOf(fields: SqlNode): string {
  const { relation } = fields;
  return isNode(relation) ? String(relation["relname"]) : "";
}

function noteTable(fields: SqlNode, known: Known, fresh: Fresh): string[] {
  const table = tableOf(fields);
  fresh.tables.add(table);
  for (const element of listOf(fields["tableElts"])) {
    const column = asKind(element, "ColumnDef");
    if (column !== null) noteColumnChecks(table, column, known);
    const constraint = asKind(element, "Constraint");
    if (constraint?.["contype"] === "CONSTR_CHECK" && constraint["conname"] !== undefined)
      known.checks.set(`${table}.${String(constraint["conname"])}`, constraint["raw_expr"]);
  }
  return [];
}

// PostgreSQL's own name for a column's CHECK is the table's, the column's and `check`.
function noteColumnChecks(table: string, column: SqlNode, known: Known): void {
  for (const { contype, conname, raw_expr } of constraintsOf(column)) {
    const name = String(conname ?? `${table}_${String(column["colname"])}_check`);
    if (contype === "CONSTR_CHECK") known.checks.set(`${table}.${name}`, raw_expr);
  }
}

function constraintsOf(column: SqlNode): SqlNode[] {
  return listOf(column["constraints"]).map((one) => asKind(one, "Constraint") ?? {});
}

function judgeIndex(fields: SqlNode, known: Known, fresh: Fresh): string[] {
  const index = String(fields["idxname"]);
  if (fields["unique"] !== true) return [];
  known.uniqueIndexes.add(index);
  return fresh.tables.has(tableOf(fields)) ? [] : [`${tableOf(fields)} gets the unique index ${index}`];
}

function judgeDrop(fields: SqlNode, known: Known): string[] {
  const kind = String(fields["removeType"]);
  const names = listOf(fields["objects"]).map((object) => {
    const last = listOf(asKind(object, "List")?.["items"]).at(-1);
    return String(asKind(last, "String")?.["sval"] ?? "something");
  });
  // An index decides what PostgreSQL does and how fast; a unique one may be what an ON CONFLICT is inferred from.
  const harmful = kind === "OBJECT_INDEX" ? names.filter((name) => known.uniqueIndexes.has(name)) : names;
  return harmful.map((name) => `${name} is dropped`);
}

function judgeAlter(fields: SqlNode, known: Known, fresh: Fresh): string[] {
  const table = tableOf(fields);
  if (fields["objtype"] !== "OBJECT_TABLE") return [`ALTER of ${String(fields["objtype"])} cannot be judged`];
  const commands = listOf(fields["cmds"]).map((one) => asKind(one, "AlterTableCmd") ?? {});
  for (const command of commands) noteColumns(table, command, fresh);
  const faults = commands.flatMap((command) => judgeCommand(table, command, known, fresh));
  return fresh.tables.has(table) ? [] : faults;
}

function noteColumns(table: string, { subtype, name, def }: SqlNode, fresh: Fresh): void {
  if (subtype === "AT_DropNotNull") fresh.nullable.add(`${table}.${String(name)}`);
  const column = subtype === "AT_AddColumn" ? asKind(def, "ColumnDef") : null;
  if (column === null) return;
  const place = `${table}.${String(column["colname"])}`;
  fresh.columns.add(place);
  if (!isNotNull(column)) fresh.nullable.add(place);
}

function isNotNull(column: SqlNode): boolean {
  return constraintsOf(column).some(({ contype }) => contype === "CONSTR_NOTNULL" || contype === "CONSTR_PRIMARY");
}

function judgeCommand(table: string, command: SqlNode, known: Known, fresh: Fresh): string[] {
  const place = `${table}.${String(command["name"])}`;
  switch (command["subtype"]) {
    case "AT_AddColumn":
      return judgeColumn(table, asKind(command["def"], "ColumnDef") ?? {}, known);
    case "AT_AddConstraint":
      return judgeConstraint(table, asKind(command["def"], "Constraint") ?? {}, known, fresh);
    case "AT_DropNotNull":
    case "AT_ValidateConstraint":
      return [];
    case "AT_ColumnDefault":
      return command["def"] !== undefined || fresh.nullable.has(place) ? [] : [`${place} loses its default`];
    case "AT_DropConstraint":
      return known.checks.has(place) ? [] : [`${place} is dropped, and is no CHECK that is known`];
    case "AT_DropColumn":
      return [`${place} is dropped`];
    case "AT_SetNotNull":
      return [`${place} becomes NOT NULL`];
    case "AT_AlterColumnType":
      return [`${place} gets another type`];
    default:
      return [`${String(command["subtype"])} of ${table} cannot be judged`];
  }
}

const FILLED = ["CONSTR_DEFAULT", "CONSTR_GENERATED", "CONSTR_IDENTITY"];

function judgeColumn(table: string, column: SqlNode, known: Known): string[] {
  noteColumnChecks(table, column, known);
  const isFilled = constraintsOf(column).some(({ contype }) => FILLED.includes(String(contype)));
  if (isFilled || !isNotNull(column)) return [];
  return [`${table}.${String(column["colname"])} is added NOT NULL without a default`];
}

function judgeConstraint(table: string, constraint: SqlNode, known: Known, fresh: Fresh): string[] {
  const place = `${table}.${String(constraint["conname"])}`;
  const before = known.checks.get(place);
  const expression = constraint["raw_expr"];
  if (constraint["contype"] === "CONSTR_CHECK") known.checks.set(place, expression);
  const columns = columnsOf(constraint);
  const isAllNew = columns.length > 0 && columns.every((column) => fresh.columns.has(`${table}.${column}`));
  return isAllNew || isWider(before, expression) ? [] : [`${place} may refuse what was allowed`];
}

function columnsOf(constraint: SqlNode): string[] {
  const columns = [...listOf(constraint["keys"]), ...listOf(constraint["fk_attrs"])].map((key) =>
    String(asKind(key, "String")?.["sval"]),
  );
  visitNodes(constraint["raw_expr"], (kind, fields) => {
    if (kind === "ColumnRef") columns.push(columnPath({ ColumnRef: fields }).at(-1) ?? "");
    return true;
  });
  return columns;
}

/** Whether a CHECK allows all that the one of its name did, where that can be told: a longer list, or a wider range. */
function isWider(before: unknown, after: unknown): boolean {
  const [old, now] = [readRange(before), readRange(after)];
  if (old === null || now === null || old.what !== now.what) return false;
  if (old.what.startsWith("IN ")) return old.values.every((value) => now.values.includes(value));
  const [from, to] = old.values.map(Number);
  const [lower, upper] = now.values.map(Number);
  return Number(lower) <= Number(from) && Number(upper) >= Number(to);
}

function readRange(expression: unknown): { readonly what: string; readonly values: readonly string[] } | null {
  const fields = asKind(expression, "A_Expr");
  const column = columnPath(fields?.["lexpr"]).join(".");
  const operator = asKind(listOf(fields?.["name"])[0], "String")?.["sval"];
  const isIn = fields?.["kind"] === "AEXPR_IN" && operator === "=";
  if (column === "" || (!isIn && fields?.["kind"] !== "AEXPR_BETWEEN")) return null;
  const items = listOf(asKind(fields["rexpr"], "List")?.["items"]).map((item) => readConstant(asKind(item, "A_Const")));
  const values = items.filter((value) => value !== null);
  return values.length === items.length ? { what: `${isIn ? "IN" : "BETWEEN"} ${column}`, values } : null;
}

// Zero is written as an integer without a value.
function readConstant(constant: SqlNode | null): string | null {
  const [text, integer] = [constant?.["sval"], constant?.["ival"]];
  if (isNode(text)) return String(text["sval"]);
  return isNode(integer) ? String(integer["ival"] ?? 0) : null;
}
