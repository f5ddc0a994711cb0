/** What `once` came to: the effect's result, or that this key had been acted on before. */
export type Once<T> = { acted: true; result: T } | { acted: false };

/**
 * Where keys are remembered. `claim` runs the effect if and only if the key is new, and key and effect must stand or fall
 * together: when the effect throws, the key is new again.
 */
export interface OnceStore<Tx> {
  claim<T>(key: string, effect: (tx: Tx) => Promise<T>): Promise<Once<T>>;
}

/**
 * Acts once on an idempotency key, however often and however concurrently its delivery comes. Holdfast delivers at least
 * once: after an answer that was lost on its way the same delivery comes again, with the same key and the same bytes.
 *
 * Do in `effect` only what takes part in the transaction that it is given. What leaves the database (an e-mail, a call to
 * another service) cannot be taken back; hand the key on to that service as its own idempotency key.
 *
 * @throws what the effect throws, after its writes were undone: answer 5xx, and the delivery comes again
 */
export async function once<Tx, T>(
  parts: { store: OnceStore<Tx> },
  key: string,
  effect: (tx: Tx) => Promise<T>,
): Promise<Once<T>> {
  if (key === "" || key.length > 256) throw new TypeError("an idempotency key has 1 to 256 characters");
  return await parts.store.claim(key, effect);
}
