const EMPTY = /\s*[}\]]/y;

/**
 * Lays JSON out over lines, character by character: numbers and strings stay exactly as they came, since an id of 19 digits
 * would not survive being read as a number. The text must be valid JSON.
 */
export function layOutJson(text: string): string {
  const out: string[] = [];
  let depth = 0;
  const newLine = (): void => void out.push(`\n${"  ".repeat(depth)}`);
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (char === '"') {
      const end = endOfString(text, at);
      out.push(text.slice(at, end));
      at = end - 1;
    } else if (char === "{" || char === "[") {
      EMPTY.lastIndex = at + 1;
      const close = EMPTY.exec(text);
      if (close !== null) {
        out.push(char, char === "{" ? "}" : "]");
        at += close[0].length;
        continue;
      }
      out.push(char);
      depth++;
      newLine();
    } else if (char === "}" || char === "]") {
      depth--;
      newLine();
      out.push(char);
    } else if (char === ",") {
      out.push(char);
      newLine();
    } else if (char === ":") out.push(": ");
    else if (!/\s/.test(char)) out.push(char);
  }
  return out.join("");
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}
