/** One request that the sample receiver got. */
export type ReceivedDelivery = {
  readonly receivedAt: Date;
  readonly bodyBytes: number;
  /** The beginning of the body, as text. */
  readonly body: string;
} & (
  | {
      readonly genuine: true;
      readonly idempotencyKey: string;
      readonly eventId: string | null;
      readonly source: string | null;
      readonly eventType: string | null;
      readonly attempt: number | null;
      readonly trigger: string | null;
    }
  | { readonly genuine: false; readonly problem: string }
);

/** The page of the sample receiver: no script, everything escaped. */
export function renderPage(deliveries: readonly ReceivedDelivery[]): string {
  const rows = deliveries.map(renderRow).join("");
  const empty = "<p>Nothing yet. Try <code>npx holdfast send stripe invoice.paid</code></p>";
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>Sample receiver</title>
<style>:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
article{border-top:1px solid #8886;padding:.6rem 0}pre{overflow:auto;max-height:14rem;background:#8881;padding:.6rem}</style>
<h1>Sample receiver</h1><p>The last 50 deliveries, newest first. Each was checked with <code>unwrap</code> of @holdfast/client.</p>
${rows === "" ? empty : rows}</html>\n`;
}

function renderRow(delivery: ReceivedDelivery): string {
  const time = delivery.receivedAt.toISOString();
  const title = delivery.genuine
    ? `✓ genuine · <b>${escape(delivery.eventType ?? "(no type)")}</b> from ${escape(delivery.source ?? "?")} · attempt ${delivery.attempt ?? "?"} · <code>${escape(delivery.idempotencyKey)}</code>`
    : `✗ refused · ${escape(delivery.problem)}`;
  return `<article><div>${time} · ${title} · ${delivery.bodyBytes} bytes</div><pre>${escape(delivery.body)}</pre></article>`;
}

function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}
