// The four logs of a run, each written outside the gateway, and what the check makes of them. One line of JSON a record.

/** The sender's: `invoke` before the first byte leaves, then exactly one of the others. `op` joins them. */
export type SenderRecord =
  | {
      readonly kind: "invoke";
      readonly op: number;
      /** The provider's event id. */
      readonly event: string;
      readonly sha256: string;
      /** One byte was changed after signing, or its secret had ended: it must be refused and never be stored. */
      readonly forged: boolean;
      /** 0 or absent: signed with the newest secret; 1: with the one before, while it is retiring. */
      readonly secret?: number;
      readonly t: number;
    }
  /** 2xx: acknowledged. */
  | {
      readonly kind: "ok";
      readonly op: number;
      readonly status: number;
      readonly duplicate: boolean;
      /** The gateway's own id of the event, `evt_…`. */
      readonly ourId: string | null;
      readonly t: number;
    }
  /** A definite refusal: must not be stored by this. */
  | { readonly kind: "fail"; readonly op: number; readonly status: number; readonly t: number }
  /** May or may not be stored: 408, 429, 5xx, a timeout, a reset, half an answer. */
  | { readonly kind: "info"; readonly op: number; readonly cause: string; readonly t: number }
  /** The connection was refused: nothing was sent. */
  | { readonly kind: "unsent"; readonly op: number; readonly t: number };

/** The receiver's. `n` joins an arrival with its answer. */
export type ReceiverRecord =
  | {
      readonly kind: "arrival";
      readonly n: number;
      readonly key: string;
      readonly webhookId: string;
      /** The provider's event id, read from the body. */
      readonly event: string;
      readonly sha256: string;
      /** Whether `webhook-signature` verifies with the reference implementation. */
      readonly signed: boolean;
      readonly attempt: number;
      readonly t: number;
    }
  /** What the receiver does once for each idempotency key. */
  | { readonly kind: "effect"; readonly n: number; readonly key: string; readonly event: string }
  | { readonly kind: "answered"; readonly n: number; readonly status: number; readonly t: number }
  /** It said 2xx, or will, and has not acted. */
  | { readonly kind: "lied"; readonly n: number; readonly key: string; readonly event: string }
  /** The receiver cut the connection on purpose. */
  | { readonly kind: "dropped"; readonly n: number; readonly t: number };

/** The fault driver's. */
export type NemesisRecord =
  | {
      readonly kind: "killed";
      readonly target: "gateway" | "database";
      readonly during: "service" | "start";
      /** SIGKILL when absent; `backend` is one session of the database. */
      readonly how?: "SIGTERM" | "SIGQUIT" | "backend";
      readonly t: number;
    }
  /** Stood still for a while and went on. */
  | { readonly kind: "frozen"; readonly target: "gateway"; readonly how: "SIGSTOP"; readonly t: number }
  /** First acknowledgement after the fault. */
  | {
      readonly kind: "recovered";
      readonly target: string;
      readonly afterMs: number;
      readonly t: number;
    }
  /** A fault of the world around the gateway; it lasts `forMs`, then it is `healed`. */
  | {
      readonly kind: "struck";
      readonly target: string;
      readonly how: string;
      readonly forMs: number;
      readonly t: number;
    }
  | { readonly kind: "healed"; readonly target: string; readonly how: string; readonly t: number }
  /** This machine cannot do it. */
  | {
      readonly kind: "skipped";
      readonly target: string;
      readonly how: string;
      readonly why: string;
      readonly t: number;
    }
  /** The gateway ended by itself and was started again. */
  | {
      readonly kind: "gateway_ended";
      readonly code: number | null;
      readonly signal: string | null;
      readonly t: number;
    };

/** The store after the drain, read once the gateway has stopped. Ids in their public form. */
export interface StoreDump {
  readonly events: readonly {
    readonly id: string;
    readonly event: string | null;
    /** The hash that the gateway stored. */
    readonly sha256: string;
    /** The hash of the stored bytes, computed by the database. */
    readonly bytesSha256: string;
  }[];
  /** What is not finished. */
  readonly open: readonly {
    readonly id: string;
    readonly eventId: string;
    readonly key: string;
    readonly state: string;
  }[];
  readonly finished: readonly {
    readonly id: string;
    readonly eventId: string;
    /** What its attempts carry as idempotency key. */
    readonly key: string;
    readonly state: string;
    readonly attempt: number;
    readonly reason: string | null;
  }[];
  readonly attempts: readonly { readonly deliveryId: string; readonly number: number; readonly nextState: string }[];
  readonly duplicates: readonly { readonly eventId: string; readonly count: number }[];
}

export interface Logs {
  readonly sender: Iterable<SenderRecord>;
  readonly receiver: Iterable<ReceiverRecord>;
  readonly nemesis: readonly NemesisRecord[];
  readonly store: StoreDump;
}

/** What a run must have seen for its silence to mean anything. */
export interface Minimum {
  readonly acked: number;
  readonly duplicatesSent: number;
  readonly forgeriesRefused: number;
  readonly gatewayKills: number;
  readonly databaseKills: number;
  /** Arrivals of a key that had been answered 2xx before. */
  readonly redeliveries: number;
  /** Unknown results whose event turned out to be stored. */
  readonly recovered: number;
}

export interface Rule {
  readonly name: string;
  /** How many broke it. */
  readonly broken: number;
  /** Up to five of them. */
  readonly examples: readonly string[];
}

export interface Verdict {
  /** `unknown`: nothing is broken, but the run has not seen what it must have seen. */
  readonly verdict: "holds" | "broken" | "unknown";
  readonly rules: readonly Rule[];
  readonly unseen: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
}
