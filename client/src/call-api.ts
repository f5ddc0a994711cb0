import { ApiFault, NOT_UNDERSTOOD, toProblem, UNREACHABLE } from "./api-fault.ts";
import type { Readiness } from "./api-shapes.ts";
import { readAnswer } from "./read-answer.ts";

/** Where the admin API is, and what opens it. */
export interface ApiAddress {
  /** The admin URL, with or without `/api/v1`. */
  url: string;
  /** An API key, `hfk_…`. */
  token: string;
  /** Stands in for the global `fetch`. */
  fetch?: typeof fetch;
  /** For one call, its answer included; 30 s when absent. */
  timeoutMs?: number;
  /** Ends all calls, those that come later as well, as if no answer came. */
  signal?: AbortSignal;
}

/** Values of a query; what is undefined is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** One call. The body is sent as JSON. */
export interface Call {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  query?: Query;
  body?: unknown;
  /** The ETag of what is to be changed. With another one by now the change is refused, with the status 412. */
  ifMatch?: string;
}

/** An answer, and the ETag that stands for what it shows; null where there is none. */
export interface Tagged<T> {
  value: T;
  tag: string | null;
}

/** Above the largest body that a source may accept (25 MiB), in base64 and with what stands around it. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const TIMEOUT_MS = 30_000;

/** Calls the admin API once and gives the answer's bytes. Throws an `ApiFault` for every other outcome. */
export async function callApi(address: ApiAddress, call: Call): Promise<Uint8Array> {
  return (await ask(address, call)).value;
}

async function ask(address: ApiAddress, call: Call): Promise<Tagged<Uint8Array>> {
  const { status, bytes, tag } = await send(address, resolve(address.url, call), {
    method: call.method,
    headers: {
      accept: "application/json, application/problem+json",
      authorization: `Bearer ${address.token}`,
      ...(call.body === undefined ? {} : { "content-type": "application/json" }),
      ...(call.ifMatch === undefined ? {} : { "if-match": call.ifMatch }),
    },
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
  });
  if (status >= 200 && status < 300) return { value: bytes, tag };
  throw new ApiFault(toProblem(status, new TextDecoder().decode(bytes)));
}

/** `callApi` for answers in JSON, with the ETag; null for an empty one. */
export async function callApiForJson(address: ApiAddress, call: Call): Promise<Tagged<unknown>> {
  const { value, tag } = await ask(address, call);
  return { value: value.length === 0 ? null : parse(value), tag };
}

/**
 * Asks `/readyz`, which stands beside the API: it needs no key, and no database to look one up in. 503 is an answer there, not a
 * fault. Throws an `ApiFault` where nobody answers, or somebody else.
 */
export async function askReadiness(address: ApiAddress): Promise<Readiness> {
  const url = new URL(`${rootOf(address.url)}/readyz`);
  const { status, bytes } = await send(address, url, { headers: { accept: "application/json" } });
  const read = parse(bytes) as Partial<Readiness> | null;
  if (typeof read?.ok === "boolean" && Array.isArray(read.reasons)) return { ok: read.ok, reasons: read.reasons };
  throw new ApiFault(toProblem(status, new TextDecoder().decode(bytes)));
}

async function send(address: ApiAddress, url: URL, init: RequestInit): ReturnType<typeof readAnswer> {
  const doFetch = address.fetch ?? fetch;
  // The key would follow a redirect to wherever it leads.
  return await doFetch(url, { ...init, redirect: "error", signal: endOf(address) })
    .then((response) => readAnswer(response, ANSWER_BYTES_MAX))
    .catch(throwUnreachable(url));
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    const title = "The answer is not JSON; is this the admin URL?";
    throw new ApiFault({ type: NOT_UNDERSTOOD, title, status: 0, id: null, detail: null, faults: [] });
  }
}

function endOf({ signal, timeoutMs = TIMEOUT_MS }: ApiAddress): AbortSignal {
  const timeout = AbortSignal.timeout(timeoutMs);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

function rootOf(base: string): string {
  return base.replace(/\/+$/, "").replace(/\/api\/v1$/, "");
}

function resolve(base: string, { path, query = {} }: Call): URL {
  const url = new URL(`${rootOf(base)}/api/v1${path}`);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  return url;
}

function throwUnreachable(url: URL): (error: unknown) => never {
  return (error) => {
    const title = `No answer from ${url.origin}; is the gateway running there?`;
    throw new ApiFault({ type: UNREACHABLE, title, status: 0, id: null, detail: describe(error), faults: [] });
  };
}

/** `fetch` says "fetch failed" and keeps the cause, such as ECONNREFUSED, behind it. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message !== "" ? cause.message : "code" in cause ? String(cause.code) : error.message;
}
