import type { ProviderEntry } from "./provider.ts";
import type { Receiver } from "./receiver.ts";
import { excerpt } from "./encoding.ts";
import { collectHeaders, optionalRoles } from "./header-index.ts";
import { headerCharsMax, headerValues } from "./request.ts";
import type { HeaderList, WebhookRequest } from "./request.ts";
import { refuse } from "./refuse.ts";
import type { Refused } from "./verdict.ts";

/** What a header is for. `signature` is the one that decides which set of names a request uses. */
export type HeaderRole = "signature" | "timestamp" | "id" | "scope" | "type" | "time" | "version";

/** Header names by role, as the provider spells them. */
export type HeaderSet = Readonly<Partial<Record<HeaderRole, string>>> & {
  readonly signature: string;
  /** Further headers of the same form, each with one more signature (of a second key). */
  readonly others?: readonly string[];
};

/** Header values by role; absent and empty ones are not there. */
export type HeaderValues = Readonly<Partial<Record<HeaderRole, string>>> & {
  readonly signature: string;
  readonly others?: readonly string[];
};

/** The set of a provider whose signature is not in a header, but in the body or the URL. */
export const noHeader: HeaderSet = { signature: "" };

/** A request at a source of a known provider, with its headers read. What the engines work on. */
export interface Arrival {
  readonly entry: ProviderEntry;
  readonly receiver: Receiver;
  readonly request: WebhookRequest;
  readonly now: Date;
  /** True where a mismatch is not looked into. */
  readonly brief: boolean;
  readonly names: HeaderSet;
  readonly values: HeaderValues;
}

/** The header names and values of the first set that the request uses, or why they cannot be used. */
export function readHeaders(
  entry: ProviderEntry,
  headers: HeaderList,
): { ok: true; names: HeaderSet; values: HeaderValues } | Refused {
  const found = collectHeaders(entry.headerIndex, headers);
  if (typeof found === "number") return refuseRepeated(entry.provider.securityHeaders[found] ?? "");
  for (const { names, signature: place, more, others } of entry.headerSets) {
    const signature = names.signature === "" ? "" : found[place];
    if (signature === undefined || (signature === "" && names.signature !== "")) continue;
    const values: Partial<Record<HeaderRole, string>> & { signature: string; others?: string[] } = { signature };
    for (const { role, index } of more) {
      const value = found[index];
      if (value !== undefined && value !== "") values[role] = value;
    }
    if (others.length > 0) values.others = others.flatMap((index) => found[index] || []);
    return checkSizes(names, values) ?? { ok: true, names, values };
  }
  return refuseMissing(entry, headers);
}

/** The header names and values of a request without its signature, such as a provider's log tells. */
export function readUnsigned(entry: ProviderEntry, headers: HeaderList): Pick<Arrival, "names" | "values"> {
  const names = namesInUse(entry, headers);
  const values: Partial<Record<HeaderRole, string>> & { signature: string } = { signature: "" };
  for (const role of optionalRoles) {
    const value = valueOf(headers, names[role] ?? "");
    if (value !== null) values[role] = value;
  }
  return { names, values };
}

function valueOf(headers: HeaderList, name: string): string | null {
  const value = headerValues(headers, name.toLowerCase())[0];
  return value === undefined || value === "" ? null : value;
}

function checkSizes(names: HeaderSet, values: HeaderValues): Refused | null {
  for (const role of sizedRoles) {
    const length = values[role]?.length ?? 0;
    if (length <= headerCharsMax) continue;
    return refuse("malformed_header", {
      step: "headers",
      summary: `The header ${names[role]} is ${length} characters long, and no sender needs more than ${headerCharsMax}. Refused unread.`,
      evidence: { header: names[role] ?? role, length, lengthMax: headerCharsMax },
    });
  }
  return null;
}

const sizedRoles = ["signature", "timestamp", "id"] as const;

function refuseRepeated(header: string): Refused {
  return refuse("duplicate_header", {
    step: "headers",
    summary: `The header ${header} came more than once, so that nobody can tell which one counts. The provider sends it once: look for a proxy that adds its own.`,
    evidence: { header },
    likelyCause: "headers_repeated",
  });
}

/** The set of names that a request without a signature uses: the first of which it has any header, else the first of all. */
export function namesInUse(entry: ProviderEntry, headers: HeaderList): HeaderSet {
  const isUsed = (names: HeaderSet) => optionalRoles.some((role) => valueOf(headers, names[role] ?? "") !== null);
  return entry.headers.find(isUsed) ?? entry.headers[0];
}

/** The refusal for a header of the scheme that is not there, with the provider's weaker header named when it came instead. */
export function refuseMissing(entry: ProviderEntry, headers: HeaderList, name?: string): Refused {
  const header = name ?? namesInUse(entry, headers).signature;
  const legacy = entry.legacyHeader;
  if (name === undefined && legacy !== undefined && headerValues(headers, legacy.toLowerCase()).length > 0) {
    return refuse("missing_header", {
      step: "headers",
      summary: `The header ${header} is missing; the weaker ${legacy} came, and it is never enough. Let ${header} pass through whatever stands before this receiver.`,
      evidence: { header, found: legacy },
      likelyCause: "legacy_header_only",
    });
  }
  const other = name === undefined ? otherSignature(headers) : null;
  if (other !== null) {
    return refuse("missing_header", {
      step: "headers",
      summary: `The header ${header} is missing; ${other} came. Either something on the way renamed the header, or the request is another provider's, or goes to the wrong source: ${entry.provider.name} signs in ${header}.`,
      evidence: { header, found: other },
      likelyCause: "wrong_header",
    });
  }
  return refuse("missing_header", {
    step: "headers",
    summary: `The header ${header} is missing or empty. Either the request is not from ${entry.provider.name}, or no secret is set at the sender, or a proxy removed the header.`,
    evidence: { header },
    likelyCause: "header_removed",
  });
}

/** A header that looks like somebody's signature, by its name; null when there is none. Looked for among the first hundred. */
function otherSignature(headers: HeaderList): string | null {
  const names = Array.isArray(headers)
    ? headers.slice(0, 100).map((pair: unknown) => pairName(pair))
    : Object.keys(headers);
  const found = names.find((name) => /signature|[-_](?:hmac|sig)(?:[-_]|$)/i.test(name.slice(0, 64)));
  return found === undefined ? null : excerpt(found, 64);
}

function pairName(pair: unknown): string {
  const name: unknown = Array.isArray(pair) ? pair[0] : null;
  return typeof name === "string" ? name : "";
}
