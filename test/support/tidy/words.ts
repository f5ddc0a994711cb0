import type { Check, TreeFile } from "./tree.ts";
import { isCode } from "./tree.ts";
import { syntaxOf } from "./syntax.ts";

/** What stands in for one of our words, and the word to use. A webhook is a webhook; `webhook` is one word here. */
const SYNONYMS: Readonly<Record<string, string>> = {
  job: "delivery",
  task: "delivery",
  hook: "event, or source",
  endpoint: "source, or destination",
  message: "event, or delivery",
};

// `message` is also what an error says, and there it stays. As an idea it shows in a type or as the thing counted or sent.
const MESSAGE_AS_TEXT = /^(?:message|\w+Message|messageOf|[A-Z_]*MESSAGE[A-Z_]*)$/;

// Other people's words, where we write down other people's systems: the recipe that we are compared with, providers' payloads.
const FOREIGN = /^(?:bench\/peers\/|bench\/ingest\/recipe|gateway\/src\/cli\/samples\/|verify\/test\/)/;

// Providers' own things, under their own names, each in the one file that reads it.
const PROVIDER_NAMES: Readonly<Record<string, readonly string[]>> = {
  // WhatsApp and Messenger carry messages.
  "verify/src/extract/meta-changes.ts": ["ofMessages", "messages"],
  // The header X-Hook-Secret.
  "verify/src/handshakes/asana.ts": ["answerHookSecret"],
};

/** One word per idea in names: of variables, functions, types, fields, files, tables, columns, paths of the API. */
export const checkWords: Check = (files) => files.filter(({ path }) => !FOREIGN.test(path)).flatMap(judgeFile);

function judgeFile(file: TreeFile): string[] {
  const faults = synonymsIn(file.path.replaceAll(/[/.]/g, "-")).map((word) => say(file.path, word, file.path));
  if (file.path.endsWith(".sql")) faults.push(...judgeSql(file.path, file.text, 1));
  if (!isCode(file.path)) return faults;
  const { declared, texts } = syntaxOf(file);
  for (const { name, line, isType } of declared) {
    if (!isType && MESSAGE_AS_TEXT.test(name)) continue;
    if (PROVIDER_NAMES[file.path]?.includes(name) === true) continue;
    for (const word of synonymsIn(name)) faults.push(say(`${file.path}:${line}`, word, name));
  }
  for (const { text, line } of texts) {
    if (file.path.startsWith("gateway/src/store/")) faults.push(...judgeSql(file.path, text, line));
    else if (/^\/?(?:[a-z0-9-]+\/)*[a-z-]+$/.test(text) && text.startsWith("/")) {
      for (const word of synonymsIn(text)) faults.push(say(`${file.path}:${line}`, word, text));
    }
  }
  return faults;
}

// Names in SQL, not what its comments and its text literals say.
function judgeSql(path: string, text: string, line: number): string[] {
  if (!/\bholdfast\.|^--/.test(text)) return [];
  const names =
    text
      .replaceAll(/--.*$/gm, "")
      .replaceAll(/'[^']*'/g, "")
      .match(/[a-z_]+/gi) ?? [];
  return [...new Set(names)].flatMap((name) => synonymsIn(name).map((word) => say(`${path}:${line}`, word, name)));
}

function synonymsIn(name: string): string[] {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.map((word) => word.replace(/s$/, "")).filter((word) => Object.hasOwn(SYNONYMS, word));
}

function say(place: string, word: string, name: string): string {
  return `${place}: "${word}" in ${name}: our word is ${SYNONYMS[word]}`;
}

const PROSE = /\b(jobs?|tasks?|hooks?|endpoints?)\b/gi;
// Prose may name what others call their own things: in code spans, as paths of files, and Okta's event hooks, a product's name;
// and the main job that all this is for.
const QUOTED = /`[^`]*`|\bmain job\b|\]\([^)]*\)|\bOkta event hooks\b|(?:[\w.-]+\/)+[\w-]+\.md\b/gi;

/** The same in prose: README, CHANGELOG, docs. Comparisons with other products and reasons for decisions may quote them. */
export const checkProse: Check = (files) =>
  files
    .filter(({ path }) => path.endsWith(".md") && path !== "docs/benchmarks.md" && !path.startsWith("docs/decisions/"))
    .flatMap(({ path, text }) =>
      outsideOfFences(text).flatMap((line, i) =>
        [...line.replaceAll(QUOTED, "").matchAll(PROSE)].map(
          ([word]) => `${path}:${i + 1}: "${word}": our word is ${SYNONYMS[word.toLowerCase().replace(/s$/, "")]}`,
        ),
      ),
    );

function outsideOfFences(text: string): string[] {
  let isInside = false;
  return text.split("\n").map((line) => {
    if (line.startsWith("```")) isInside = !isInside;
    return isInside ? "" : line;
  });
}
