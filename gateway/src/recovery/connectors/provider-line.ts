import type { Clock } from "../../platform/clock.ts";
import type { Egress, EgressOutcome } from "../../platform/egress/egress-outcome.ts";
import { messageOf } from "../../platform/log.ts";
import { parseRetryAfterMs } from "../../pipeline/retry-after.ts";
import type { ConnectorFault } from "./connector.ts";

const TOTAL_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** What a provider asks to wait is believed up to an hour: a run that sleeps longer is better seen. */
const WAIT_MAX_MS = 3_600_000;

export interface LineDeps {
  readonly egress: Pick<Egress, "getPage" | "post">;
  readonly clock: Clock;
}

/**
 * The way to one provider's API: a `fetch` for its official client that goes through the egress and to one origin alone, and
 * that remembers why the last call failed, so that all clients' errors are told in one way.
 */
export interface ProviderLine {
  readonly fetch: typeof globalThis.fetch;
  /** The text of the last answer, exactly as it came. */
  lastText(): string;
  /** Calls the API; whatever the client throws becomes the fault behind it. */
  call<T>(work: () => Promise<T>): Promise<{ readonly ok: true; readonly value: T } | ConnectorFault>;
}

/** @param origin the only one that is spoken to: a secret never follows a URL that an answer names */
export function openProviderLine(deps: LineDeps, origin: string): ProviderLine {
  const seen: { fault: ConnectorFault | null; text: string } = { fault: null, text: "" };
  const fail = (fault: ConnectorFault): never => {
    seen.fault = fault;
    throw new Error(fault.detail);
  };
  const ask = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    if (url.origin !== origin)
      return fail(faultOf("refused", `the provider's API led to ${url.origin}, not ${origin}`));
    const outcome = await send(deps.egress, url, init);
    if (outcome.kind !== "response") return fail(unreachable(outcome));
    if (outcome.truncated) return fail(faultOf("too_large", "the answer of the provider's API is larger than 8 MiB"));
    seen.text = Buffer.from(outcome.body).toString("utf8");
    seen.fault = judgeStatus(outcome.status, outcome.headers, deps.clock.now());
    const isBodyless = [204, 205, 304].includes(outcome.status);
    return new Response(isBodyless ? null : seen.text, { status: outcome.status, headers: outcome.headers });
  };
  return {
    fetch: ask,
    lastText: () => seen.text,
    call: async (work) => {
      seen.fault = null;
      try {
        const value = await work();
        return seen.fault ?? { ok: true, value };
      } catch (error) {
        // Of a client's own error only the cause that we saw ourselves is told: its words may quote what it was called with.
        return (
          seen.fault ??
          faultOf("malformed", `the answer of the provider's API broke off or is not understood (${nameOf(error)})`)
        );
      }
    },
  };
}

export function faultOf(
  cause: ConnectorFault["cause"],
  detail: string,
  retryAfterMs: number | null = null,
): ConnectorFault {
  return { ok: false, cause, detail, retryAfterMs };
}

/** What came of an error that nobody expected. Its words may quote what was read, or the secret that it was read with. */
export function faultOfError(error: unknown): ConnectorFault {
  return faultOf("malformed", `what the provider's log holds could not be worked on (${nameOf(error)})`);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : messageOf(error).slice(0, 40);
}

function send(egress: LineDeps["egress"], url: URL, init: RequestInit): Promise<EgressOutcome> {
  const headers = [...new Headers(init.headers ?? {})].map(([name, value]): [string, string] => [name, value]);
  const limits = { totalTimeoutMs: TOTAL_TIMEOUT_MS, connectTimeoutMs: CONNECT_TIMEOUT_MS };
  const request = { url: url.href, headers, ...limits, signal: init.signal ?? undefined };
  if ((init.method ?? "GET").toUpperCase() === "GET") return egress.getPage(request);
  const body = typeof init.body === "string" ? Buffer.from(init.body) : Buffer.alloc(0);
  return egress.post({ ...request, body });
}

function unreachable(outcome: Exclude<EgressOutcome, { kind: "response" }>): ConnectorFault {
  if (outcome.kind === "blocked") return faultOf("refused", `the egress refused the provider's API: ${outcome.detail}`);
  // What breaks off after the way there stood may be due to what was asked for; what keeps all from getting there is not.
  if (["timeout", "reset", "protocol"].includes(outcome.fault))
    return faultOf("unavailable", `the provider's API gave no whole answer: ${outcome.detail}`);
  return faultOf("unreachable", `the provider's API could not be reached: ${outcome.detail}`);
}

/**
 * What a status means. 429, and 403 with GitHub's signs of a limit (docs.github.com, rate limits for the REST API: `retry-after`,
 * or `x-ratelimit-remaining: 0` with the reset as Unix seconds), ask to wait.
 */
function judgeStatus(
  status: number,
  headers: readonly (readonly [string, string])[],
  now: Date,
): ConnectorFault | null {
  if (status >= 200 && status < 300) return null;
  const header = (name: string): string | undefined => headers.find(([other]) => other === name)?.[1];
  const asked = parseRetryAfterMs(header("retry-after"), now);
  const isSpent = header("x-ratelimit-remaining") === "0";
  const resetMs = Number(header("x-ratelimit-reset") ?? Number.NaN) * 1_000 - now.getTime();
  const waitMs = asked ?? (isSpent && resetMs > 0 ? resetMs : null);
  const bounded = waitMs === null ? null : Math.min(waitMs, WAIT_MAX_MS);
  const said = `the provider's API answered ${status}`;
  if (status === 429 || (status === 403 && (asked !== null || isSpent))) return faultOf("limited", said, bounded);
  if (status >= 500 || status === 408) return faultOf("unavailable", said, bounded);
  if (status === 404 || status === 410)
    return faultOf("gone", `${said}: there is no such thing, or the secret may not see it`);
  if (status === 401 || status === 403) return faultOf("refused", `${said}: check the secret and its rights`);
  return faultOf("refused", said);
}
