import { EgressFetchFault } from "./egress-fetch.ts";
import { messageOf } from "./log.ts";

/**
 * Why a provider let nobody in:
 * - `unreachable`: it gave no answer that could be read
 * - `refused`: it says so itself
 * - `untrusted`: its answer does not hold: another issuer, another nonce, a wrong signature, too old
 */
export interface ProviderFault {
  readonly ok: false;
  readonly cause: "unreachable" | "refused" | "untrusted";
  /** For whoever signs in; holds nothing that came from outside but a code of RFC 6749. */
  readonly detail: string;
  /** For the log. */
  readonly inner: string;
}

/** What openid-client threw, in our own words. */
export function describeProviderFault(error: unknown): ProviderFault {
  const chain = causesOf(error);
  const inner = chain.map(describe).join(": ").slice(0, 500);
  const unreached = chain.find((one) => one instanceof EgressFetchFault);
  if (unreached !== undefined)
    return { ok: false, cause: "unreachable", detail: "The sign-in provider cannot be reached from here.", inner };
  const code = chain.map((one) => readText(one, "error")).find((text) => text !== null) ?? null;
  if (code !== null) return { ok: false, cause: "refused", detail: `The sign-in provider said no (${code}).`, inner };
  const isAnswer = chain.some((one) => UNREADABLE.has(readText(one, "code")?.toUpperCase() ?? ""));
  if (isAnswer)
    return { ok: false, cause: "unreachable", detail: "The sign-in provider's answer could not be read.", inner };
  return { ok: false, cause: "untrusted", detail: "The sign-in provider's answer could not be trusted.", inner };
}

/** An answer with another status or type than was asked for: the provider is not well, or the issuer is mistyped. */
const UNREADABLE = new Set([
  "OAUTH_RESPONSE_IS_NOT_CONFORM",
  "OAUTH_RESPONSE_IS_NOT_JSON",
  "OAUTH_PARSE_ERROR",
  "OAUTH_TIMEOUT",
]);

const CAUSES_MAX = 5;

function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let at = error; at !== undefined && at !== null && chain.length < CAUSES_MAX;) {
    chain.push(at);
    at = at instanceof Error ? at.cause : undefined;
  }
  return chain;
}

function describe(one: unknown): string {
  const code = readText(one, "code");
  const said = one instanceof Error ? messageOf(one) : typeof one;
  return code === null ? said : `${code} ${said}`;
}

/** A short code of letters, as the faults of OAuth are; anything else is left out. */
function readText(one: unknown, field: string): string | null {
  if (typeof one !== "object" || one === null || !(one instanceof Error)) return null;
  const value: unknown = Reflect.get(one, field);
  return typeof value === "string" && /^[A-Za-z_]{1,60}$/.test(value) ? value : null;
}
