import type { Check } from "./tree.ts";
import { isCode, isTestCode } from "./tree.ts";
import { syntaxOf } from "./syntax.ts";

const SWITCHED_OFF =
  /^(?:(?:it|test|describe|suite|bench)(?:\.\w+)*\.(?:only|skip|todo|fails)\b|xit$|xdescribe$|fit$|fdescribe$)/;

/** No test is switched off, and none switches the others off. What depends on the machine says so with `skipIf`, or by its context. */
export const checkTests: Check = (files) =>
  files
    .filter(({ path }) => isCode(path) && isTestCode(path))
    .flatMap((file) => {
      const calls = syntaxOf(file).calls.filter(({ name }) => SWITCHED_OFF.test(name));
      // `it.skip.each(…)(…)` is two calls of one name.
      return [...new Set(calls.map(({ name, line }) => `${file.path}:${line}: ${name} switches tests off`))];
    });
