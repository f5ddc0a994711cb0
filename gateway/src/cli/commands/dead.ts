import { askGateway, type AskFlags } from "../ask-gateway.ts";
import { collect, type PageFlags, printPage, readLimit } from "../page-flags.ts";
import { type ExitCode, printJson, type Shell } from "../shell.ts";
import { printable } from "../table.ts";
import { deliveryTable } from "./deliveries.ts";

/** `holdfast dead list`: the newest dead letters, and how many there are of each reason. */
export async function listDead(shell: Shell, flags: PageFlags): Promise<ExitCode> {
  const limit = readLimit(shell, flags);
  if (limit === null) return 2;
  return await askGateway(shell, flags, async ({ api }) => {
    let reasons: readonly { readonly reason: string; readonly count: number }[] = [];
    const page = await collect(limit, flags.cursor, async (query) => {
      const letters = await api.deadLetters.page(query);
      reasons = letters.reasons;
      return letters;
    });
    const counts = reasons.map(({ reason, count }) => `${count} × ${printable(reason)}`).join("   ");
    const advice = "Deliver one again: npx holdfast dead retry <delivery>";
    const lines = [counts, "", ...deliveryTable(shell, page.items), "", advice];
    return printPage(shell, flags, page, { lines, empty: "No dead letters." });
  });
}

/** `holdfast dead retry`: delivers a dead letter again, as a new delivery with the same idempotency key. */
export async function retryDead(shell: Shell, flags: AskFlags & { readonly id: string }): Promise<ExitCode> {
  return await askGateway(shell, flags, async ({ api }) => {
    const delivery = await api.deliveries.retry(flags.id);
    if (flags.json === true) printJson(shell, delivery);
    else {
      shell.print(
        `${delivery.id} is ${delivery.state}; it goes to ${printable(delivery.destination)} with the same idempotency key.`,
      );
      shell.print(`See what becomes of it: npx holdfast deliveries show ${delivery.id}`);
    }
    return 0;
  });
}
