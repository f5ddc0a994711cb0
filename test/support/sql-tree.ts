/** A node of PostgreSQL's own parse tree as libpg-query gives it: one key names the kind, its value holds the fields. */
export type SqlNode = Readonly<Record<string, unknown>>;

/** Whether a value is an object of the tree. */
export function isNode(value: unknown): value is SqlNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The children of a field that holds a list; an absent list is empty. */
export function listOf(value: unknown): SqlNode[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

/** The fields of a node when it is of this kind, else null. */
export function asKind(node: unknown, kind: string): SqlNode | null {
  const inner = isNode(node) ? node[kind] : undefined;
  return isNode(inner) ? inner : null;
}

/** Calls `visit` for every node below (and with) this one. Returning false keeps out of that node's children. */
export function visitNodes(node: unknown, visit: (kind: string, fields: SqlNode) => boolean): void {
  if (Array.isArray(node)) {
    for (const child of node) visitNodes(child, visit);
    return;
  }
  if (!isNode(node)) return;
  for (const [kind, fields] of Object.entries(node)) {
    if (isNode(fields) && /^[A-Z]/.test(kind) && !visit(kind, fields)) continue;
    visitNodes(fields, visit);
  }
}

/** The parts of a column reference (`d.bucket` is `["d", "bucket"]`); empty for anything else. */
export function columnPath(node: unknown): string[] {
  const reference = asKind(node, "ColumnRef");
  return listOf(reference?.["fields"]).map((part) => String(asKind(part, "String")?.["sval"] ?? "*"));
}

/** The name of a called function without its schema. */
export function functionName(fields: SqlNode): string {
  return String(asKind(listOf(fields["funcname"]).at(-1), "String")?.["sval"] ?? "");
}

/** The conditions that all must hold: a tree of ANDs, taken apart. */
export function conjuncts(node: unknown): SqlNode[] {
  if (!isNode(node)) return [];
  const bool = asKind(node, "BoolExpr");
  if (bool?.["boolop"] === "AND_EXPR") return listOf(bool["args"]).flatMap(conjuncts);
  return [node];
}
