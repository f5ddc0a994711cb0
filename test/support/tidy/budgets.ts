import type { Check } from "./tree.ts";
import { isCode, isTestCode } from "./tree.ts";
import { syntaxOf } from "./syntax.ts";

const FILE_LINES_MAX = 300;
const FUNCTION_LINES_MAX = 60;

/** No file of code or SQL over 300 lines, tests included. */
export const checkFileLengths: Check = (files) =>
  files
    .filter(({ path }) => isCode(path) || path.endsWith(".sql"))
    .map(({ path, text }) => ({ path, lines: text.replace(/\n$/, "").split("\n").length }))
    .filter(({ lines }) => lines > FILE_LINES_MAX)
    .map(
      ({ path, lines }) => `${path}: ${lines} lines, at most ${FILE_LINES_MAX}: give a part of it a file and a name`,
    );

/** No function over 60 lines of code; in tests, benches and proofs functions may be as long as their story. */
export const checkFunctionLengths: Check = (files) =>
  files
    .filter(({ path }) => isCode(path) && !isTestCode(path))
    .flatMap((file) =>
      syntaxOf(file)
        .functions.filter(({ length }) => length > FUNCTION_LINES_MAX)
        .map(
          ({ name, line, length }) =>
            `${file.path}:${line}: function ${name} has ${length} lines of code, at most ${FUNCTION_LINES_MAX}`,
        ),
    );
