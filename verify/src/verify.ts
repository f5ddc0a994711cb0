import { readHeaders } from "./arrival.ts";
import type { Arrival } from "./arrival.ts";
import { excerpt } from "./encoding.ts";
import { proveHmacTemplate } from "./engines/hmac-template.ts";
import type { Finding } from "./engines/proof.ts";
import { provePublicKey } from "./engines/public-key.ts";
import { proveStaticToken } from "./engines/static-token.ts";
import { proveUrlParams } from "./engines/url-params.ts";
import type { ProviderEntry } from "./provider.ts";
import type { Receiver } from "./receiver.ts";
import { checkShape } from "./receiver-shape.ts";
import { refuse } from "./refuse.ts";
import type { WebhookRequest } from "./request.ts";
import { findEntry } from "./table.ts";
import type { Refused, Verdict } from "./verdict.ts";
import { makeVerified } from "./verified.ts";

/** What every verb of the library takes. */
export interface VerifyInput {
  /** The provider's slug, such as `stripe`. */
  readonly provider: string;
  readonly receiver: Receiver;
  readonly request: WebhookRequest;
  readonly now: Date;
  /** True: on a mismatch, do not look for its cause (measured: a refusal then costs 16 µs instead of 92). For floods. */
  readonly brief?: boolean | undefined;
}

/**
 * Who sent this, is it genuine, what is its id; and if not, why not.
 *
 * Synchronous, and does no I/O. Whatever a sender puts into a request, and whatever stands in the receiver, the answer is a
 * verdict and never a throw. `body` must be the bytes that came. Nothing in the request chooses the algorithm, the key or the
 * tolerance.
 */
export function verify(input: VerifyInput): Verdict {
  const entry = findEntry(input.provider);
  if (entry === null) return refuseProvider(input.provider);
  const arrival = readArrival(entry, input);
  if ("ok" in arrival) return arrival;
  const finding = prove(arrival);
  return finding.ok ? makeVerified(arrival, finding) : finding;
}

/** The arrival that an input describes, or why it cannot be one. */
export function readArrival(entry: ProviderEntry, input: VerifyInput): Arrival | Refused {
  const { receiver, request, now } = input;
  const fault = inputFault(input);
  if (fault !== null) return fault;
  if (!entry.methods.includes(request.method.toUpperCase())) return refuseMethod(entry, request.method);
  const headers = readHeaders(entry, request.headers);
  return headers.ok
    ? { entry, receiver, request, now, brief: input.brief === true, names: headers.names, values: headers.values }
    : headers;
}

function prove(arrival: Arrival): Finding {
  const { scheme } = arrival.entry;
  switch (scheme.engine) {
    case "hmac-template":
      return proveHmacTemplate(arrival, scheme);
    case "url-params":
      return proveUrlParams(arrival, scheme);
    case "public-key":
      return provePublicKey(arrival, scheme);
    case "static-token":
      return proveStaticToken(arrival, scheme);
    default:
      return checkShape(arrival.receiver) ?? scheme.prove(arrival);
  }
}

/** Characters of a URL at most: the URL is signed by some, and spelled several ways. */
const urlCharsMax = 16 * 1024;

/** Callers in plain JavaScript pass parsed bodies and clock strings; that must be an answer too. */
function inputFault({ receiver, request, now }: VerifyInput): Refused | null {
  if (typeof request !== "object" || request === null)
    return refuseRequest("it must be { method, url, headers, body }");
  const { body, headers, method, url } = request;
  if (!(body instanceof Uint8Array)) return refuseBody();
  if (typeof headers !== "object" || headers === null)
    return refuseRequest("headers must be a list of pairs or a record");
  if (typeof method !== "string") return refuseRequest("method must be text");
  if (typeof url !== "string" || url.length > urlCharsMax)
    return refuseRequest(`url must be text, at most ${urlCharsMax} characters`);
  if (!(now instanceof Date) || Number.isNaN(now.getTime())) return refuseRequest("now must be a valid Date");
  return typeof receiver === "object" && receiver !== null ? null : refuseReceiver();
}

function refuseRequest(problem: string): Refused {
  const summary = `The request cannot be judged: ${problem}.`;
  return refuse("request_unusable", { step: "request", summary, likelyCause: "configuration" });
}

function refuseBody(): Refused {
  return refuse("request_unusable", {
    step: "request",
    summary:
      "The request cannot be judged: body must be the raw bytes (a Uint8Array or Buffer). A parsed or decoded body is not what was signed; read the bytes before any body parser does.",
    likelyCause: "body_not_raw",
  });
}

function refuseReceiver(): Refused {
  const summary = 'The receiver configuration must be an object, such as { secrets: ["…"] }.';
  return refuse("receiver_incomplete", { step: "receiver", summary, likelyCause: "configuration" });
}

function refuseMethod(entry: ProviderEntry, method: string): Refused {
  const summary = `${entry.provider.name} sends with ${entry.methods.join(" or ")} only.`;
  return refuse("method_not_allowed", { step: "request", summary, evidence: { method: excerpt(method, 16) } });
}

function refuseProvider(provider: unknown): Refused {
  return refuse("unknown_provider", {
    step: "receiver",
    summary: "No provider has this slug. Use one of the slugs of the `providers` table.",
    evidence: { provider: excerpt(String(provider), 64) },
    likelyCause: "configuration",
  });
}
