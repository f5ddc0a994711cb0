import type { Handled, Operation, OperationContext } from "./operation.ts";
import type { ChangeRecorder } from "./record-change.ts";
import { recordChange } from "./record-change.ts";
import type { Precondition } from "./version-tag.ts";

/** What came with a request, read but not yet checked. */
export interface RawInput {
  readonly id: string;
  readonly version: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/**
 * Runs an operation, held against what the caller has seen, and writes down what it changed: in the catalog's own transaction,
 * or right after. So it does where the change was made, or may have been, though the answer is a refusal.
 */
export async function runOperation(
  operation: Operation,
  context: OperationContext,
  raw: RawInput,
  precondition: Precondition,
): Promise<Handled<unknown>> {
  const isLook = operation.method === "get";
  if (isLook && operation.isLookKept !== true) return operation.run(context, raw);
  const { deps, principal, requestId, remoteAddress } = context;
  const action = `${operation.method.toUpperCase()} ${operation.path}`;
  const recorder = recordChange({ deps, principal, action, id: raw.id, body: raw.body, requestId, remoteAddress });
  const watch = { before: precondition, after: recorder.inTransaction };
  const handled = await operation.run({ ...context, deps: { ...deps, watch } }, raw);
  if (handled.ok) await recordAfterwards(operation, recorder, handled);
  // Whoever asked has to look for themselves; the audit must not lack what may have been done.
  else if (handled.unknown === true && !isLook) await recorder.inDoubt(handled.isMade === true);
  return handled;
}

async function recordAfterwards(
  operation: Operation,
  recorder: ChangeRecorder,
  handled: Extract<Handled<unknown>, { ok: true }>,
): Promise<void> {
  const value = "value" in handled ? handled.value : null;
  if (operation.hasChanged?.(value) === false) return;
  await recorder.afterwards(value, "by" in handled ? handled.by : undefined);
}
