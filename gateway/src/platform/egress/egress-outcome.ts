/** The ways in which a destination's URL can be refused, both when it is saved and when it is dialled. */
export type UrlFault =
  | "malformed"
  | "too_long"
  | "scheme"
  | "credentials"
  | "fragment"
  | "control_characters"
  | "port"
  | "address";

/** Why a request was not even tried: its URL or the addresses behind it (`UrlFault`), or one of its headers. */
export type BlockedReason = UrlFault | "header";

/**
 * What went wrong on the way, by the phase in which it went wrong:
 * - `dns`: no addresses within the DNS deadline, whatever the server said
 * - `connect`: no connection within the connect deadline, or no way to the address
 * - `refused`: the address answered that nobody listens
 * - `tls_handshake`: TLS was not agreed on; `tls_certificate`: it was, and the certificate does not prove the name
 * - `timeout`: the total deadline passed, in whatever phase
 * - `reset`: the connection broke after it stood and before the answer was complete
 * - `protocol`: what came back is not bounded HTTP/1.1
 * - `aborted`: the caller's signal, or the egress was closed
 */
export type EgressFault =
  | "dns"
  | "connect"
  | "refused"
  | "tls_handshake"
  | "tls_certificate"
  | "timeout"
  | "reset"
  | "protocol"
  | "aborted";

/** One POST to a destination. Header names may repeat; framing and hop-by-hop headers among them are left out (RFC 9110, 7.6.1). */
export interface EgressRequest {
  url: string;
  headers: readonly (readonly [name: string, value: string])[];
  body: Uint8Array;
  /** From the call to the last byte of the answer, one deadline for every phase together. */
  totalTimeoutMs: number;
  /** For TCP and TLS together, over all addresses of the name. */
  connectTimeoutMs: number;
  /** How much of the answer's body is kept; the connection is destroyed beyond it. 16 KiB when absent. */
  responseBytesMax?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** One GET of something that a provider publishes. At most 256 KiB of the answer are kept, whatever `responseBytesMax` says. */
export type EgressQuery = Omit<EgressRequest, "body">;

/** What became of one request. Never a throw: each of these is expected in the life of a destination. */
export type EgressOutcome =
  | {
      kind: "response";
      status: number;
      /** In the order in which they came, names in lower case, values as latin1 text; at most 100. */
      headers: [name: string, value: string][];
      /** The first `responseBytesMax` bytes, as sent: nothing is decompressed. */
      body: Uint8Array;
      /** Whether the body went on beyond what is kept. */
      truncated: boolean;
      durationMs: number;
      /** The vetted IP address that answered. */
      address: string;
    }
  | { kind: "blocked"; reason: BlockedReason; detail: string }
  | { kind: "failed"; fault: EgressFault; detail: string; durationMs: number };

/** The product's only HTTP client. Many requests may be under way at once. */
export interface Egress {
  post(request: EgressRequest): Promise<EgressOutcome>;
  /** Vetted, bounded and ended like a POST; a redirect is an answer like any other. */
  get(query: EgressQuery): Promise<EgressOutcome>;
  /** A GET of one page of a provider's own log: the same, but up to 8 MiB of the answer are kept. One at a time is meant. */
  getPage(query: EgressQuery): Promise<EgressOutcome>;
  /** Ends what is under way as `aborted`, closes every connection, and resolves when nothing is left open. */
  close(): Promise<void>;
}

/** What the operator decided about egress. An entry of `allowCidrs` opens exactly that network, on every port. */
export interface EgressPolicy {
  allowCidrs: readonly string[];
}
