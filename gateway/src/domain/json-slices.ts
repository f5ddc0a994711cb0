/**
 * The text of one value within a JSON document, as it stands there: what a parser would give and a writer write again has
 * lost long numbers, the order of equal names and every space. The document must have been parsed before; this only finds.
 *
 * @param pointer RFC 6901, e.g. `/data/0/id`; empty for the document itself
 * @returns null when there is nothing at the pointer
 */
export function sliceJson(text: string, pointer: string): string | null {
  let at = skipSpace(text, 0);
  for (const step of readPointer(pointer)) {
    const next = enter(text, at, step);
    if (next === null) return null;
    at = next;
  }
  return text.slice(at, skipValue(text, at));
}

/** The texts of the items of the list at a pointer; null when there is no list. */
export function sliceItems(text: string, pointer: string): string[] | null {
  const list = sliceJson(text, pointer);
  if (list === null || !list.startsWith("[")) return null;
  const items: string[] = [];
  for (const at of membersOf(list, 0)) items.push(list.slice(at.value, skipValue(list, at.value)));
  return items;
}

/** Whether a text is a pointer of RFC 6901. */
export function isJsonPointer(text: string): boolean {
  return text === "" || /^(?:\/(?:[^~/]|~0|~1)*)+$/.test(text);
}

/** The text or the number at a pointer, numbers digit by digit as they stand; null for anything else. */
export function readScalar(
  text: string,
  pointer: string,
): { readonly kind: "text" | "number"; readonly text: string } | null {
  const slice = sliceJson(text, pointer);
  if (slice === null) return null;
  if (slice.startsWith('"')) return { kind: "text", text: JSON.parse(slice) as string };
  return /^-?\d/.test(slice) ? { kind: "number", text: slice } : null;
}

function readPointer(pointer: string): string[] {
  if (pointer === "") return [];
  return pointer
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function enter(text: string, at: number, step: string): number | null {
  let found: number | null = null;
  // Of equal names the last counts, as in JSON.parse.
  for (const member of membersOf(text, at)) if (member.name === step) found = member.value;
  return found;
}

interface Member {
  readonly name: string;
  readonly value: number;
}

function* membersOf(text: string, at: number): Generator<Member> {
  const isObject = text[at] === "{";
  if (!isObject && text[at] !== "[") return;
  let i = skipSpace(text, at + 1);
  for (let index = 0; i < text.length && text[i] !== "}" && text[i] !== "]"; index++) {
    let name = String(index);
    if (isObject) {
      const end = skipString(text, i);
      name = JSON.parse(text.slice(i, end)) as string;
      i = skipSpace(text, skipSpace(text, end) + 1);
    }
    yield { name, value: i };
    i = skipSpace(text, skipValue(text, i));
    if (text[i] === ",") i = skipSpace(text, i + 1);
  }
}

function skipSpace(text: string, from: number): number {
  let i = from;
  while (i < text.length && " \t\r\n".includes(text[i]!)) i++;
  return i;
}

function skipString(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"') return i + 1;
  }
  return text.length;
}

function skipValue(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return skipString(text, from);
  if (first !== "{" && first !== "[") {
    let i = from;
    while (i < text.length && !",]} \t\r\n".includes(text[i]!)) i++;
    return i;
  }
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const letter = text[i];
    if (letter === '"') i = skipString(text, i) - 1;
    else if (letter === "{" || letter === "[") depth++;
    else if (letter === "}" || letter === "]") {
      depth--;
      if (depth === 0) return i + 1;
    }
  }
  return text.length;
}

/** A document without the spaces between its parts, everything else as it stands. */
export function compactJson(text: string): string {
  return text.replaceAll(/("(?:[^"\\]|\\.)*")|[ \t\r\n]+/g, (_match, quoted: string | undefined) => quoted ?? "");
}
