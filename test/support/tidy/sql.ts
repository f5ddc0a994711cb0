import type { Check } from "./tree.ts";
import { isCode } from "./tree.ts";
import { syntaxOf } from "./syntax.ts";

const NAME = String.raw`\s+(?:"?[a-z_][\w.]*"?| )`;
const TABLES = "delivery|event|attempt|dedupe|duplicate|rejection|finished_delivery|setting|source|destination|route";

// Statements, not prose: in capitals, or in small letters from the text's start, and each with its second keyword.
const STATEMENTS = [
  ...both(String.raw`SELECT\b[\s\S]*?\bFROM${NAME}`),
  ...both(String.raw`SELECT\s+(?:\$\d|[a-z_]+\()`),
  ...both(String.raw`INSERT\s+INTO${NAME}`),
  ...both(String.raw`UPDATE${NAME}[\s\S]*?\bSET\s+[a-z_]+\s*=`),
  ...both(String.raw`DELETE\s+FROM${NAME}`),
  ...both(
    String.raw`(?:CREATE|ALTER|DROP|TRUNCATE)\s+(?:TABLE|SCHEMA|INDEX|ROLE|USER|DATABASE|EXTENSION|SEQUENCE|VIEW)\b`,
  ),
  /^\s*(?:begin|commit|rollback|savepoint \w+|listen \w+|notify \w+|set (?:local |session )?\w+ (?:=|to) .*)\s*;?\s*$/i,
  new RegExp(String.raw`\bholdfast\.(?:${TABLES})\b`),
];

function both(pattern: string): RegExp[] {
  const small = pattern.replaceAll(/(?<!\\)\b[A-Z]{2,}\b/g, (word) => word.toLowerCase());
  return [new RegExp(String.raw`\b${pattern}`), new RegExp(String.raw`^\s*${small}`)];
}

// Text that shows SQL to people and runs none: the handler in the configuration file that `init` writes.
const SHOWN = /^gateway\/src\/cli\/commands\/init\.ts$/;

// The client library's own table, in the database of the service that loads it.
const FOREIGN = "client/src/pg-store.ts";

/** SQL stands in the store and nowhere else: a rule that is written twice is kept once. */
export const checkSql: Check = (files) =>
  files
    .filter(({ path }) => isCode(path) && /^(gateway|verify|client)\/src\//.test(path))
    .filter(({ path }) => !path.startsWith("gateway/src/store/") && path !== FOREIGN && !SHOWN.test(path))
    .flatMap((file) =>
      syntaxOf(file)
        .texts.filter(({ text }) => STATEMENTS.some((pattern) => pattern.test(text)))
        .map(({ text, line }) => `${file.path}:${line}: SQL outside of the store: ${excerpt(text)}`),
    );

function excerpt(text: string): string {
  return JSON.stringify(text.trim().replaceAll(/\s+/g, " ").slice(0, 60));
}
