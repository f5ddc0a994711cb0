import { type Api, type ArrivalAnswer, sendArrival, type Source } from "@holdfast/client";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { askGateway, type Asked, type AskFlags } from "../ask-gateway.ts";
import { readNumber } from "../number-flags.ts";
import { findSample, openFresh } from "../samples/all-samples.ts";
import type { SampleRequest } from "../samples/sample.ts";
import { complain, type ExitCode, printJson, type Shell } from "../shell.ts";
import { printable } from "../table.ts";

export interface SendFlags extends AskFlags {
  readonly provider: string;
  readonly eventType?: string;
  readonly source?: string;
  readonly count: string;
  readonly data?: string;
}

const COUNT_MAX = 10_000;
/** The admin API takes requests of 1 MiB, in which the body to be signed stands as base64. */
const BODY_BYTES_MAX = 768 * 1024 - 1024;

/** `holdfast send`: has the gateway sign a sample as its provider would, and posts it to the source's ingest URL. */
export async function send(shell: Shell, flags: SendFlags): Promise<ExitCode> {
  const json = flags.json === true;
  const count = readNumber(shell, { name: "count", text: flags.count, min: 1, max: COUNT_MAX, json });
  if (count === null) return 2;
  const data = await readData(shell, flags.data);
  if (!data.ok) return complain(shell, { problem: data.problem, badInput: true }, json);
  const sample = findSample(flags.provider);
  const eventType = flags.eventType ?? sample.eventTypes[0] ?? "sample";
  return await askGateway(shell, flags, async (asked) => {
    const chosen = await chooseSource(asked.api, flags);
    if (!chosen.ok) return complain(shell, { ...chosen, badInput: true }, json);
    if (!json && data.body === null && !sample.knows(eventType)) {
      const known = sample.eventTypes.length === 0 ? "" : ` It knows ${sample.eventTypes.join(", ")}.`;
      shell.note(`There is no sample of ${printable(eventType)}, so a generic body with that type is sent.${known}`);
    }
    let failed = 0;
    for (let i = 0; i < count; i++) {
      const built = sample.build(eventType, openFresh(new Date()));
      const answer = await post(asked, chosen.source, data.body === null ? built : { ...built, body: data.body });
      if (answer.status !== 200) failed++;
      report(shell, answer, json);
      // Without an answer the next request would only wait as long.
      if (answer.status === 0) break;
    }
    return failed === 0 ? 0 : 1;
  });
}

type Data = { readonly ok: true; readonly body: string | null } | { readonly ok: false; readonly problem: string };

async function readData(shell: Shell, data: string | undefined): Promise<Data> {
  if (data === undefined || !data.startsWith("@")) return { ok: true, body: data ?? null };
  const path = resolve(shell.cwd, data.slice(1));
  try {
    const body = await readFile(path, "utf8");
    if (Buffer.byteLength(body) > BODY_BYTES_MAX)
      return { ok: false, problem: `${path} is larger than the 767 KiB that can be sent from here` };
    return { ok: true, body };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    return { ok: false, problem: `--data names ${path}, which cannot be read (${code})` };
  }
}

type Chosen =
  | { readonly ok: true; readonly source: Source }
  | { readonly ok: false; readonly problem: string; readonly remedy: string };

/** The named source, else the only active one of the provider; the samples' own stands back behind the user's. */
async function chooseSource(api: Api, flags: SendFlags): Promise<Chosen> {
  if (flags.source !== undefined) {
    const source = await api.sources.get(flags.source);
    if (source.provider === flags.provider) return { ok: true, source };
    const problem = `the source ${flags.source} takes events of ${source.provider}, not of ${flags.provider}`;
    return {
      ok: false,
      problem,
      remedy: `Send it one of its own: npx holdfast send ${source.provider} --source ${flags.source}`,
    };
  }
  const all: Source[] = [];
  for await (const source of api.sources.all({ limit: 200 })) if (source.state === "active") all.push(source);
  const fitting = all.filter((source) => source.provider === flags.provider);
  const own = fitting.filter((source) => source.origin !== "sample");
  const candidates = own.length > 0 ? own : fitting;
  if (candidates.length === 1) return { ok: true, source: candidates[0]! };
  if (candidates.length > 1) {
    const names = candidates.map(({ name }) => name).join(", ");
    return {
      ok: false,
      problem: `several sources take events of ${flags.provider}: ${names}`,
      remedy: "Name one with --source.",
    };
  }
  const providers = [...new Set(all.map(({ provider }) => provider))].toSorted().join(", ");
  const remedy =
    providers === ""
      ? "This gateway has no source yet; declare one in holdfast.config.ts."
      : `There are sources for ${providers}.`;
  return { ok: false, problem: `no source takes events of ${flags.provider}`, remedy };
}

async function post({ api, localIngestUrl }: Asked, source: Source, request: SampleRequest): Promise<ArrivalAnswer> {
  const body = Buffer.from(request.body, "utf8");
  const headers = request.headers.map(([name, value]): [string, string] => [name, value]);
  const unsigned = { method: "POST", url: source.ingestUrl, headers, bodyBase64: body.toString("base64") };
  const signed = await api.post<Signed>(`/sources/${encodeURIComponent(source.id)}/sign`, unsigned);
  const added = new Set(signed.headers.map(([name]) => name.toLowerCase()));
  return await sendArrival({
    url: reachable(signed.url, localIngestUrl),
    headers: [...headers.filter(([name]) => !added.has(name.toLowerCase())), ...signed.headers],
    body: Buffer.from(signed.bodyBase64, "base64"),
  });
}

/** The signed request: some providers sign into the URL or the body. */
interface Signed {
  readonly headers: readonly [name: string, value: string][];
  readonly url: string;
  readonly bodyBase64: string;
}

/** A public URL may lead over the internet or, at a desk, nowhere; a gateway on this machine is reached directly. */
function reachable(ingestUrl: string, localIngestUrl: string | null): string {
  if (localIngestUrl === null) return ingestUrl;
  const { pathname, search } = new URL(ingestUrl);
  return new URL(pathname + search, localIngestUrl).href;
}

function report(shell: Shell, answer: ArrivalAnswer, json: boolean): void {
  if (json) return printJson(shell, answer);
  const { status, eventId, duplicate, detail } = answer;
  if (status === 0) return shell.note(`no answer: ${printable(detail)}`);
  if (status !== 200) return shell.note(`${status} ${printable(detail.trim()).slice(0, 500)}`);
  shell.print(`${shell.paint.green(String(status))} ${duplicate ? "duplicate of" : "recorded as"} ${eventId ?? "?"}`);
  if (eventId !== null) shell.print(shell.paint.dim(`    npx holdfast events show ${eventId}`));
}
