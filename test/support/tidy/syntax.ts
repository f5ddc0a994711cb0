import { parseAst } from "vitest/node";
import type { TreeFile } from "./tree.ts";

/** What the checks want to know of a file of code. Lines count from 1. */
export interface Syntax {
  readonly imports: readonly { readonly specifier: string; readonly names: readonly string[]; readonly line: number }[];
  /** Length counts the lines that hold code. */
  readonly functions: readonly { readonly name: string; readonly line: number; readonly length: number }[];
  /** Names that the file makes itself: variables, parameters, functions, types and their fields. */
  readonly declared: readonly { readonly name: string; readonly line: number; readonly isType: boolean }[];
  /** The texts of strings and templates, each place of a value as a blank. */
  readonly texts: readonly { readonly text: string; readonly line: number }[];
  /** Called functions as written, `http.request` or `fetch`. */
  readonly calls: readonly { readonly name: string; readonly line: number }[];
  /** Lines of `export … from`, and whether there is nothing else in the file. */
  readonly reexports: readonly number[];
  readonly isBarrel: boolean;
}

type Node = Readonly<Record<string, unknown>> & { readonly type: string; readonly start: number; readonly end: number };

const known = new WeakMap<TreeFile, Syntax>();

/** Parses a file, once. Throws with the file's name when it is not well-formed. */
export function syntaxOf(file: TreeFile): Syntax {
  const before = known.get(file);
  if (before !== undefined) return before;
  const syntax = read(file);
  known.set(file, syntax);
  return syntax;
}

type Lists = {
  -readonly [Name in "imports" | "functions" | "declared" | "texts" | "calls"]: Syntax[Name][number][];
} & {
  reexports: number[];
};

function read(file: TreeFile): Syntax {
  const code = file.text.replace(/^#!.*/, "");
  const program = parse(file.path, code);
  const body = (program["body"] as Node[]) ?? [];
  const lists: Lists = { imports: [], functions: [], declared: [], texts: [], calls: [], reexports: [] };
  const starts = lineStarts(file.text);
  const shift = file.text.length - code.length;
  const lineOf = (at: number): number => lineAt(starts, at + shift);
  walk(program, (node) => take(node, lists, lineOf, code));
  const isBarrel = body.length > 0 && body.every((node) => isReexport(node));
  return { ...lists, isBarrel };
}

function parse(path: string, code: string): Node {
  try {
    return parseAst(code, { lang: path.endsWith("x") ? "tsx" : "ts" }) as unknown as Node;
  } catch (error) {
    throw new Error(`${path} could not be parsed: ${(error as Error).message}`, { cause: error });
  }
}

function take(node: Node, lists: Lists, lineOf: (at: number) => number, code: string): void {
  const line = lineOf(node.start);
  if (isReexport(node)) lists.reexports.push(line);
  const specifier = importedFrom(node);
  if (specifier !== null) lists.imports.push({ specifier, names: importedNames(node), line });
  if (FUNCTIONS.has(node.type) && node["body"] !== null) {
    const length = countCode(code.slice(node.start, node.end));
    lists.functions.push({ name: nameOf(node["id"]) ?? "(anonymous)", line, length });
  }
  for (const { name, isType } of declaredBy(node)) lists.declared.push({ name, line, isType });
  const text = textOf(node);
  if (text !== null) lists.texts.push({ text, line });
  if (node.type === "CallExpression" || node.type === "NewExpression") {
    lists.calls.push({ name: pathOf(node["callee"]), line });
  }
}

const FUNCTIONS = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

function isReexport(node: Node): boolean {
  return (
    node.type === "ExportAllDeclaration" || (node.type === "ExportNamedDeclaration" && asNode(node["source"]) !== null)
  );
}

function importedFrom(node: Node): string | null {
  const holds = [
    "ImportDeclaration",
    "ExportAllDeclaration",
    "ExportNamedDeclaration",
    "ImportExpression",
    "TSImportType",
  ];
  if (!holds.includes(node.type)) return null;
  const source = asNode(node["source"]) ?? asNode(asNode(node["argument"])?.["literal"]) ?? asNode(node["argument"]);
  return typeof source?.["value"] === "string" ? source["value"] : null;
}

function importedNames(node: Node): string[] {
  return nodes(node["specifiers"]).map(
    (one) => nameOf(one["imported"]) ?? (one.type.includes("Default") ? "default" : "*"),
  );
}

function declaredBy(node: Node): { name: string; isType: boolean }[] {
  switch (node.type) {
    case "VariableDeclarator":
      return patternNames(node["id"]).map((name) => ({ name, isType: false }));
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
    case "TSFunctionType":
    case "TSMethodSignature":
      return [
        ...[nameOf(node["id"]), nameOf(node["key"])].filter((name) => name !== null),
        ...nodes(node["params"]).flatMap(patternNames),
      ].map((name) => ({ name, isType: false }));
    case "TSTypeAliasDeclaration":
    case "TSInterfaceDeclaration":
    case "ClassDeclaration":
      return [{ name: nameOf(node["id"]) ?? "", isType: true }];
    case "TSPropertySignature":
    case "PropertyDefinition":
      return [{ name: nameOf(node["key"]) ?? "", isType: false }];
    default:
      return [];
  }
}

function patternNames(value: unknown): string[] {
  const node = asNode(value);
  if (node === null) return [];
  switch (node.type) {
    case "Identifier":
      return [String(node["name"])];
    case "ObjectPattern":
      return nodes(node["properties"]).flatMap((one) => patternNames(one["value"] ?? one["argument"]));
    case "ArrayPattern":
      return nodes(node["elements"]).flatMap(patternNames);
    default:
      return patternNames(node["left"] ?? node["argument"] ?? node["parameter"]);
  }
}

function textOf(node: Node): string | null {
  if (node.type === "Literal" && typeof node["value"] === "string") return node["value"];
  if (node.type !== "TemplateLiteral") return null;
  return nodes(node["quasis"])
    .map((part) => String((part["value"] as { cooked?: unknown } | undefined)?.cooked ?? ""))
    .join(" ");
}

/** `a.b.c` as written; what is computed in between becomes a question mark. */
function pathOf(value: unknown): string {
  const node = asNode(value);
  if (node?.type === "Identifier") return String(node["name"]);
  if (node?.type === "MemberExpression") return `${pathOf(node["object"])}.${nameOf(node["property"]) ?? "?"}`;
  if (node?.type === "CallExpression") return pathOf(node["callee"]);
  return "?";
}

function nameOf(value: unknown): string | null {
  const node = asNode(value);
  if (node?.type === "Identifier" || node?.type === "PrivateIdentifier") return String(node["name"]);
  return typeof node?.["value"] === "string" ? node["value"] : null;
}

function countCode(text: string): number {
  return text.split("\n").filter((line) => !/^\s*($|\/\/|\/\*|\*)/.test(line)).length;
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const one of value) walk(one, visit);
    return;
  }
  const node = asNode(value);
  if (node === null) return;
  visit(node);
  for (const child of Object.values(node)) if (typeof child === "object") walk(child, visit);
}

function nodes(value: unknown): Node[] {
  return Array.isArray(value) ? value.map(asNode).filter((node) => node !== null) : [];
}

function asNode(value: unknown): Node | null {
  return typeof value === "object" && value !== null && "type" in value ? (value as Node) : null;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function lineAt(starts: readonly number[], at: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= at) low = middle;
    else high = middle;
  }
  return low + 1;
}
