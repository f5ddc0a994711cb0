/** A request to be written down in another form. */
export interface CopiedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly bodyBase64: string;
}

/** Headers of one connection, which whoever sends it again writes for itself. */
const OF_CONNECTION =
  /^(?:host|content-length|connection|keep-alive|transfer-encoding|te|upgrade|accept-encoding|expect)$/i;

function headersOf({ headers }: CopiedRequest): readonly (readonly [string, string])[] {
  return headers.filter(([name]) => !OF_CONNECTION.test(name));
}

// One single-quoted word for any shell of POSIX: a quote inside ends it, stands escaped, and begins it again.
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A command line that sends these very bytes, whatever they are. */
export function writeCurl(request: CopiedRequest): string {
  const headers = headersOf(request).map(([name, value]) => `  -H ${quote(`${name}: ${value}`)}`);
  return [
    `printf %s ${quote(request.bodyBase64)} | base64 -d |`,
    `curl -X ${quote(request.method)} ${quote(request.url)} --data-binary @-`,
    ...headers,
  ].join(" \\\n");
}

/** The same for a script; bytes that are no text stay bytes. */
export function writeFetch(request: CopiedRequest): string {
  const lines = headersOf(request).map(([name, value]) => `    [${JSON.stringify(name)}, ${JSON.stringify(value)}],`);
  return [
    `await fetch(${JSON.stringify(request.url)}, {`,
    `  method: ${JSON.stringify(request.method)},`,
    "  headers: [",
    ...lines,
    "  ],",
    `  body: Uint8Array.from(atob(${JSON.stringify(request.bodyBase64)}), (char) => char.charCodeAt(0)),`,
    "});",
    "",
  ].join("\n");
}

/** What a test reads: the request with every header in order and its exact bytes. */
export function writeFixture({ method, url, headers, bodyBase64 }: CopiedRequest): string {
  return `${JSON.stringify({ method, url, headers, bodyBase64 }, null, 2)}\n`;
}
