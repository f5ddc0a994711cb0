import { randomUUID } from "node:crypto";
import { sign } from "@holdfast/verify";
import type { FakeProvider, Reply } from "./fake-provider.ts";
import { startFakeProvider } from "./fake-provider.ts";

export const GITHUB_SECRET = "a secret that GitHub signs with, of the tests";

/** One line of GitHub's log: one attempt at a delivery. */
interface Line {
  /** Longer than what a double holds, as GitHub's are. */
  readonly number: bigint;
  readonly guid: string;
  readonly event: string;
  readonly body: string;
  readonly atMs: number;
  readonly isAgain: boolean;
  readonly status: number;
}

/** A GitHub that knows one repository's webhook and speaks its REST API to the official client. */
export interface FakeGithub extends FakeProvider {
  /** What a redelivery does; a test sets it to reach its door. Resolves to the status that the door answered. */
  deliver: (request: SignedRequest) => Promise<number>;
  /** Something happens: a line is written, its delivery answered with this status (502: nobody was there). Gives its guid. */
  happen(atMs: number, status: number, body?: object): string;
  requestOf(guid: string): SignedRequest;
  readonly lines: readonly Line[];
}

export interface SignedRequest {
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

const TOKEN = "ghp_of_the_tests";
const PLACE = /^\/repos\/acme\/shop\/hooks\/77\/deliveries(?:\/(\d+)(\/attempts)?)?$/;

export async function startFakeGithub(): Promise<FakeGithub & { readonly token: string }> {
  const lines: Line[] = [];
  let number = 9_007_199_254_740_993n;
  const add = (line: Omit<Line, "number">): void => {
    number += 2n;
    lines.unshift({ ...line, number });
    lines.sort((a, b) => b.atMs - a.atMs || Number(b.number - a.number));
  };
  const requestOf = (line: Line): SignedRequest => {
    const body = Buffer.from(line.body);
    const headers: (readonly [string, string])[] = [
      ["content-type", "application/json"],
      ["X-GitHub-Delivery", line.guid],
      ["X-GitHub-Event", line.event],
    ];
    const request = { method: "POST", url: "http://door.test/", headers, body };
    const signed = sign({ provider: "github", receiver: { secrets: [GITHUB_SECRET] }, request, now: new Date() });
    return { headers: [...headers, ...signed], body };
  };
  const fake = await startFakeProvider(async ({ method, url, headers }): Promise<Reply> => {
    if (headers.authorization !== `Bearer ${TOKEN}`) return { status: 401, text: '{"message":"Bad credentials"}' };
    const [whole, asked, attempts] = PLACE.exec(url.pathname) ?? [];
    if (whole === undefined) return { status: 404, text: '{"message":"Not Found"}' };
    const line = lines.find((one) => String(one.number) === asked);
    if (asked === undefined) return listPage(github.url, url, lines, github.skewMs);
    if (line === undefined) return { status: 404, text: '{"message":"Not Found"}' };
    if (attempts === undefined) return { status: 200, text: describe(line, requestOf(line), github.skewMs) };
    if (method !== "POST") return { status: 404, text: "{}" };
    // GitHub answers at once and delivers afterwards; the line of the new attempt has the old guid.
    void github.deliver(requestOf(line)).then((status) => add({ ...line, atMs: Date.now(), isAgain: true, status }));
    return { status: 202, text: "{}" };
  });
  const github: FakeGithub & { readonly token: string } = Object.assign(fake, {
    token: TOKEN,
    lines,
    deliver: async () => 502,
    happen: (atMs: number, status: number, body: object = {}) => {
      const guid = randomUUID();
      const text = JSON.stringify({ action: "opened", ref: `refs/heads/${guid}`, long: 0, ...body });
      add({ guid, event: "issues", body: text, atMs, isAgain: false, status });
      return guid;
    },
    requestOf: (guid: string) => requestOf(lines.find((line) => line.guid === guid)!),
  });
  return github;
}

function listPage(root: string, url: URL, lines: readonly Line[], skewMs: number): Reply {
  const size = Number(url.searchParams.get("per_page") ?? 30);
  const after = url.searchParams.get("cursor");
  // A cursor stands for a place in the log, not for a number of lines: new ones come at the top meanwhile.
  const from = after === null ? 0 : lines.findIndex((line) => String(line.number) === after.slice(3));
  const page = lines.slice(from, from + size);
  const next = lines[from + size];
  url.searchParams.set("cursor", `v1_${next?.number}`);
  const link = `<${root}${url.pathname}${url.search}>; rel="next", <${root}${url.pathname}>; rel="first"`;
  const headers: Record<string, string> = next === undefined ? {} : { link };
  return { status: 200, headers, text: `[${page.map((line) => summarize(line, skewMs)).join(",")}]` };
}

function summarize(line: Line, skewMs: number): string {
  const { guid, event, atMs, isAgain: redelivery, status } = line;
  const rest = {
    guid,
    delivered_at: new Date(atMs + skewMs).toISOString(),
    redelivery,
    duration: 0.27,
    status: status === 200 ? "OK" : "Invalid HTTP Response",
    status_code: status,
    event,
    action: "opened",
  };
  return `{"id":${line.number},${JSON.stringify(rest).slice(1)}`;
}

function describe(line: Line, { headers }: SignedRequest, skewMs: number): string {
  const request = `{ "headers": ${JSON.stringify(Object.fromEntries(headers))}, "payload": ${line.body} }`;
  return `${summarize(line, skewMs).slice(0, -1)}, "request": ${request}, "response": { "headers": {}, "payload": "" } }`;
}
