import type { PoolClient } from "pg";
import type { HandlerTransaction } from "../domain/handler.ts";

/** A handler's view of the transaction that settles its delivery, valid while the handler runs. */
export interface HandlerScope {
  readonly transaction: HandlerTransaction;
  begin(): Promise<void>;
  /** From here on the handler's object refuses, so that a forgotten promise cannot write outside the transaction. */
  end(): void;
}

// Ending or nesting the transaction from inside would break the tie between the handler's writes and `processed`.
const TRANSACTION_CONTROL =
  /^\s*(?:--[^\n]*\n\s*|\/\*[\s\S]*?\*\/\s*)*(?:begin|start\s+transaction|commit|end|rollback(?!\s+to)|abort|prepare\s+transaction)\b/i;

/**
 * @param timeoutMs bounds each statement, and how long the transaction may stand idle while the handler does other things
 */
export function createHandlerTransaction(client: PoolClient, timeoutMs: number): HandlerScope {
  const state = { open: false };
  return {
    begin: async () => {
      const limit = String(Math.ceil(timeoutMs));
      await client.query(
        "SELECT set_config('idle_in_transaction_session_timeout', $1, true), set_config('statement_timeout', $1, true)",
        [limit],
      );
      state.open = true;
    },
    end: () => {
      state.open = false;
    },
    transaction: {
      query: async (text, values = []) => {
        if (!state.open) throw new Error("this transaction has ended: await every query before the handler returns");
        if (TRANSACTION_CONTROL.test(text))
          throw new Error("a handler must not begin or end the transaction that it runs in; use SAVEPOINT");
        // The extended protocol takes one statement a message, so control statements cannot hide behind a semicolon.
        const result = await client.query({ text, values: values as unknown[], queryMode: "extended" } as {
          text: string;
          values: unknown[];
        });
        return { rows: result.rows as Record<string, unknown>[], rowCount: result.rowCount };
      },
    },
  };
}
