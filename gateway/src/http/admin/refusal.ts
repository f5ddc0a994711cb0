import type { FieldFault } from "../../domain/field-checks.ts";
import type { FaultCode } from "../../platform/fault.ts";
import type { Changed } from "../../pipeline/change-catalog.ts";
import { codeOf, isConnectionLost, isUnsent } from "../../store/database.ts";
import type { Viewed } from "../../store/views/read-view.ts";
import { messageOf } from "../../platform/log.ts";

/** Why a request is not fulfilled. All but `cause` is told to the caller. */
export interface Refusal {
  readonly ok: false;
  readonly code: FaultCode;
  readonly detail?: string;
  readonly faults?: readonly FieldFault[];
  /** What was asked for may have been done, or was. */
  readonly unknown?: boolean;
  /** It was done, beyond doubt, and only its answer is missing. */
  readonly isMade?: boolean;
  /** When it may be tried again. */
  readonly retryAfterSec?: number;
  /** For the log alone: the database's own words. */
  readonly cause?: string;
}

export function notFound(kind: string, id: string): Refusal {
  return { ok: false, code: "not_found", detail: `There is no ${kind} ${JSON.stringify(id.slice(0, 140))}.` };
}

export function conflict(detail: string): Refusal {
  return { ok: false, code: "conflict", detail };
}

export function invalid(...faults: readonly FieldFault[]): Refusal {
  return { ok: false, code: "invalid_input", faults };
}

/** A view's failure as an answer; what was read stays as it is. */
export function orRefusal<T>(viewed: Viewed<T>): Extract<Viewed<T>, { ok: true }> | Refusal {
  if (viewed.ok) return viewed;
  if (viewed.cause === "too_long") {
    return {
      ok: false,
      code: "search_too_long",
      detail: "The search was cut after 5 seconds. Narrow it, by time, source, destination or event.",
      cause: viewed.message,
    };
  }
  return { ok: false, code: "store_unavailable", cause: viewed.message };
}

/** A refused or failed change of the catalog as an answer. */
export function toRefusal(changed: Exclude<Changed, { ok: true }>): Refusal {
  switch (changed.cause) {
    case "faults":
      return { ok: false, code: "invalid_input", faults: changed.faults };
    case "missing":
      return { ok: false, code: "not_found", detail: changed.message };
    case "conflict":
      return conflict(changed.message);
    case "stale":
      return { ok: false, code: "precondition_failed", detail: changed.message };
    case "database":
      return notStored(changed);
  }
}

/** A transaction that did not come through as an answer. */
export function notStored({ unknown, message }: { readonly unknown: boolean; readonly message: string }): Refusal {
  const detail = unknown
    ? "The connection was lost while the change was being committed. Look whether it was made before you repeat it."
    : "Nothing was changed.";
  return { ok: false, code: "store_unavailable", detail, unknown, cause: message };
}

const MAY_BE_DONE = "It was sent, and no answer came. Look whether it was done before you repeat it.";

type Asked<T> = Promise<{ readonly ok: true; readonly value: T } | Refusal>;

/** Runs one statement's work that only reads, outside a transaction; a database that is away is an answer, everything else a bug. */
export function askStore<T>(work: () => Promise<T>): Asked<T> {
  return attempt(work, () => false);
}

/** The same for one that writes: what it writes may be stored where the connection was lost under it, and is not where there was none. */
export function tellStore<T>(work: () => Promise<T>): Asked<T> {
  return attempt(work, (error) => isConnectionLost(error) && !isUnsent(error));
}

async function attempt<T>(work: () => Promise<T>, mayBeDone: (error: unknown) => boolean): Asked<T> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    const isBug = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
    const passes = isConnectionLost(error) || /^(40|53|55|57)/.test(codeOf(error) ?? "");
    if (isBug || !passes) throw error;
    const unknown = mayBeDone(error);
    const refusal = { ok: false, code: "store_unavailable", unknown, cause: messageOf(error) } as const;
    return unknown ? { ...refusal, detail: MAY_BE_DONE } : refusal;
  }
}
