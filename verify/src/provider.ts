import type { IdentityRule } from "./extract/identity-rule.ts";
import type { ItemRule } from "./extract/items.ts";
import type { Path } from "./extract/json-scan.ts";
import type { HeaderIndex, IndexedSet } from "./header-index.ts";
import type { HandshakeRule } from "./handshake-rule.ts";
import type { Arrival, HeaderSet } from "./arrival.ts";
import type { Scheme } from "./scheme.ts";

/** Which of the verification engines a provider uses. */
export type EngineName = Scheme["engine"];

/** A kind of sender, as documentation and as switches for the door. One row of `docs/providers.md`. */
export interface Provider {
  readonly slug: string;
  readonly name: string;
  readonly engine: EngineName;
  /** Lower case. A request that carries one of these twice is refused, by the door and by `verify`. */
  readonly securityHeaders: readonly string[];
  /** Lower case. Headers that carry the secret itself: redact them before anything is kept. */
  readonly secretHeaders: readonly string[];
  /** Parameters of the query that carry a secret, or `*` for all values of the query: redact them before anything is kept. */
  readonly secretQuery: readonly string[];
  /** `signed`: the event id is inside what is signed. `unsigned`: it is beside it. `none`: the provider has no event id. */
  readonly identity: "signed" | "unsigned" | "none";
  /** True where an id is unique within something else that the request names, and is no key by itself. */
  readonly idIsScoped: boolean;
  /** Upper case. The methods that the provider may use, those of its handshakes among them. */
  readonly methods: readonly string[];
  /** True where the provider sends compressed bodies and the door must let `Content-Encoding` pass. */
  readonly encodedBodies: boolean;
  /** Default for both directions, in seconds; null where the scheme has no enforced time. */
  readonly toleranceSec: number | null;
  /** True where `answerHandshake` may answer. */
  readonly handshake: boolean;
  /** True where the URL is part of what is signed. */
  readonly signsUrl: boolean;
  /** The fields of the receiver configuration without which nothing verifies. */
  readonly receiverFields: readonly string[];
  /** What is signed, in the provider's terms: `{timestamp}.{body}`. */
  readonly signedContent: string;
  /** Where the event id is, and whether it stays the same over retries. */
  readonly eventIdFrom: string;
  /** What events are deduplicated by. */
  readonly dedupeKey: string;
  /** Where the events of a request with several are, and what each is deduplicated by (see `splitBatch`); null where there are none. */
  readonly batchItems: string | null;
  /** What the signature does not cover. */
  readonly notCovered: string;
  /** What the handshake is, or why there is none. */
  readonly handshakeNote: string;
  /** Anything else that a user must know. */
  readonly notes: string;
  readonly source: readonly string[];
  readonly confidence: "high" | "medium" | "low";
}

/** Parts of what is hashed or signed, in order. */
export type Chunk = string | Uint8Array;

/** Picks from a verified request what stays the same over its attempts. */
export type StableContent = (arrival: Arrival, signed: readonly Chunk[]) => readonly Chunk[];

/** A provider as its file states it: the public facts that no rule implies, and the rules. */
export interface ProviderDefinition {
  readonly slug: string;
  readonly name: string;
  /** Alternative sets of header names; the first set whose signature header is there is used, and never mixed with another. */
  readonly headers: readonly [HeaderSet, ...HeaderSet[]];
  /** A header of the same provider that is never enough by itself, such as a SHA-1 signature; named in diagnoses. */
  readonly legacyHeader?: string;
  /** The methods of events. Default: POST. */
  readonly methods?: readonly string[];
  /** The methods of handshakes, besides those of events. */
  readonly handshakeMethods?: readonly string[];
  /** Lower case. Headers that must not come twice, besides those of `headers`. */
  readonly securityHeaders?: readonly string[];
  /** Lower case. Headers that carry a secret, or a token that would pass again. Default: the header of a static token. */
  readonly secretHeaders?: readonly string[];
  /** Parameters of the query that carry a secret; `*`: it is among the values, under whatever name. Default: none. */
  readonly secretQuery?: readonly string[];
  readonly scheme: Scheme;
  readonly identity: IdentityRule;
  /** True where the provider sends compressed bodies. */
  readonly encodedBodies?: boolean;
  /** The JSON document that the identity rules read, where it is not the body. `payload` is the one inside a signed token. */
  readonly document?: (arrival: Arrival, payload: Uint8Array | undefined) => Uint8Array;
  /** What is the same on every attempt of one event. Default: the body. `signed` is the content that verified. */
  readonly stableContent?: StableContent;
  /**
   * False where two events may be signed in the same words: beside an unsigned id the content is no key then. A function where only
   * some may: by what is signed of them, never by what is beside it. Default: true.
   */
  readonly contentIsUnique?: false | ((arrival: Arrival) => boolean);
  readonly handshakes?: readonly HandshakeRule[];
  /** How a request falls into several events, where the provider sends such. */
  readonly batch?: ItemRule;
  readonly facts: Pick<
    Provider,
    | "identity"
    | "signedContent"
    | "eventIdFrom"
    | "dedupeKey"
    | "notCovered"
    | "handshakeNote"
    | "notes"
    | "source"
    | "confidence"
  >;
}

/** A provider as the verbs use it: the public row and the rules behind it. */
export interface ProviderEntry extends Pick<
  ProviderDefinition,
  "headers" | "legacyHeader" | "scheme" | "identity" | "document"
> {
  readonly provider: Provider;
  readonly methods: readonly string[];
  readonly stableContent: StableContent;
  /** True where the signed content may be a key beside the id, which is not signed. */
  readonly contentIsKey: boolean;
  /** Whether it is one for this request, where it may be. */
  readonly contentIsUnique: (arrival: Arrival) => boolean;
  readonly handshakes: readonly HandshakeRule[];
  /** The rule for items, and the provider as it is for one of them; null where requests are not split. */
  readonly batch: { readonly rule: ItemRule; readonly itemEntry: ProviderEntry } | null;
  /** The body paths that the identity rules name, each once. */
  readonly bodyPaths: readonly string[];
  /** The same, read once for the scanner. */
  readonly scanPaths: readonly Path[];
  /** True where an id is looked for in the body, which must then be read to its end. */
  readonly idInBody: boolean;
  /** The header names of all sets, to be found in one pass. */
  readonly headerIndex: HeaderIndex;
  readonly headerSets: readonly IndexedSet[];
}
