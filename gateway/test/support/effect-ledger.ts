import type { Desk } from "./delivery-gateway.ts";
import { openDesk } from "./delivery-gateway.ts";

/** A desk with a table for what handlers do. */
export async function openLedger(): Promise<Desk & { effects(): Promise<string[]> }> {
  const desk = await openDesk();
  await desk.query("CREATE TABLE public.effect (what text)");
  const effects = async () =>
    (await desk.query<{ what: string }>("SELECT what FROM public.effect ORDER BY what")).map(({ what }) => what);
  return { ...desk, effects };
}

/** A destination that calls the handler `keep`. */
export const ledger = {
  destinations: { ledger: { handler: "keep", timeoutMs: 15_000, retry: { scheduleSec: [1, 1, 1] } } },
};
