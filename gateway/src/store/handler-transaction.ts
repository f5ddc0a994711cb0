import type { HandlerTransaction } from "../domain/handler.ts";
import type { LateTransaction } from "./database.ts";

/** A handler's view of the transaction that settles its delivery, valid while the handler runs. */
export interface HandlerScope {
  readonly transaction: HandlerTransaction;
  /**
   * From here on the handler's object refuses, so that a forgotten promise cannot write outside the transaction. What was asked
   * before is still sent, and before whatever waits for the begin after this.
   */
  end(): void;
  /** What waits for the begin is not sent either: it would come after the ROLLBACK. */
  abandon(): void;
}

/**
 * What begins a handler's transaction, in one round trip, at its first statement: a handler that has none needs no transaction. What an
 * earlier handler SET on this connection must not reach this one: synchronous_commit off would break promise 7, and a role would see
 * and write what is not this one's. RESET ALL leaves who the session is as it was (PostgreSQL, RESET).
 *
 * @param timeoutMs bounds each statement, each wait for a lock, and how long the transaction may stand idle while the
 *   handler does other things
 */
export function beginHandler(timeoutMs: number): string {
  const boundMs = Math.ceil(timeoutMs);
  const bounds = ["idle_in_transaction_session_timeout", "statement_timeout", "lock_timeout"];
  const resets = ["RESET SESSION AUTHORIZATION", "RESET ROLE", "RESET ALL"];
  return [...resets, "BEGIN", ...bounds.map((name) => `SET LOCAL ${name} = ${boundMs}`)].join("; ");
}

const ENDED = "this transaction has ended: await every query before the handler returns";

/** The scope is open until {@link HandlerScope.end} is called. */
export function createHandlerTransaction(tx: Pick<LateTransaction, "begin" | "client">): HandlerScope {
  const state = { open: true, abandoned: false };
  const query = async (text: string, values: readonly unknown[]) => {
    if (!state.open) throw new Error(ENDED);
    if (isTransactionControl(text))
      throw new Error("a handler must not begin or end the transaction that it runs in; use SAVEPOINT");
    // The extended protocol takes one statement a message, so a second one cannot hide behind a semicolon.
    const config = { text, values: [...values], queryMode: "extended" };
    await tx.begin();
    if (state.abandoned) throw new Error(ENDED);
    const result = await tx.client.query<Record<string, unknown>>(config);
    return { rows: result.rows, rowCount: result.rowCount };
  };
  return {
    end: () => {
      state.open = false;
    },
    abandon: () => {
      state.abandoned = true;
    },
    transaction: {
      query: (text, values = []) => {
        const answer = query(text, values);
        // A query that the handler did not wait for must not end the process when it fails.
        answer.catch(() => {});
        return answer;
      },
    },
  };
}

/**
 * Whether a statement would begin or end the transaction, which would break the tie between the handler's writes and
 * `processed`. PostgreSQL drops empty statements and comments in front of it, so they are skipped here too.
 */
export function isTransactionControl(text: string): boolean {
  const statement = skipBlank(text);
  const first = readWord(statement);
  const second = readWord(skipBlank(statement.slice(first.length)));
  switch (first) {
    case "begin":
    case "start":
    case "commit":
    case "end":
    case "abort":
      return true;
    case "rollback":
      return second !== "to";
    case "prepare":
      return second === "transaction";
    default:
      return false;
  }
}

function readWord(text: string): string {
  return /^[a-z_]*/i.exec(text)![0].toLowerCase();
}

/** Skips white space, empty statements and comments (PostgreSQL 4.1.5: block comments nest, a CR ends a line comment too). */
function skipBlank(text: string): string {
  let at = 0;
  for (;;) {
    at += /^[\s;]*/.exec(text.slice(at))![0].length;
    if (text.startsWith("--", at)) at += /^[^\n\r]*/.exec(text.slice(at))![0].length;
    else if (text.startsWith("/*", at)) at = endOfComment(text, at);
    else return text.slice(at);
  }
}

function endOfComment(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text.startsWith("/*", at)) {
      depth++;
      at++;
    } else if (text.startsWith("*/", at)) {
      depth--;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  return text.length;
}
