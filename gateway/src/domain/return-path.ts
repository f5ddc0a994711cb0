const CHARS_MAX = 2_000;

/**
 * Whether a text is the path of a screen of our own, to come back to after signing in. What a browser would read as another
 * place is none: a second slash or a backslash at the start, a scheme, a tab or line end, which URL parsers take out (WHATWG
 * URL, 4.4).
 */
export function isReturnPath(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  if (text.length > CHARS_MAX || /[\u0000-\u0020\u007f\\]/.test(text)) return false;
  if (!text.startsWith("/") || text.startsWith("//")) return false;
  const home = "http://dashboard.invalid";
  return URL.canParse(text, home) && new URL(text, home).origin === home;
}
