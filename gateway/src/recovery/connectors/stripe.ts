import type { Stripe } from "stripe";
import type { StripeOptions } from "../../domain/connector.ts";
import { STRIPE_URL } from "../../domain/connector.ts";
import { sliceItems } from "../../domain/json-slices.ts";
import type { Connector, LogEntry } from "./connector.ts";
import type { LineDeps } from "./provider-line.ts";
import { faultOf, openProviderLine } from "./provider-line.ts";

/**
 * Stripe's list of events (docs.stripe.com/api/events/list: the newest first, up to 100 a page, `starting_after`, 30 days). The list
 * holds each event in the shape of the account's API version when it was created, whatever is asked for: as a webhook carries it that has
 * no version of its own. There is no way to ask for a redelivery by API, so what is missing is recorded from here.
 */
export async function connectStripe(deps: LineDeps, options: StripeOptions, secret: string): Promise<Connector> {
  // 20 MB that a gateway without such a reconciliation does without (measured).
  const { Stripe: Client } = await import("stripe");
  const base = new URL(options.baseUrl ?? STRIPE_URL);
  const line = openProviderLine(deps, base.origin);
  const client = new Client(secret, {
    httpClient: Client.createFetchHttpClient(line.fetch),
    protocol: base.protocol === "http:" ? "http" : "https",
    host: base.hostname,
    port: base.port === "" ? (base.protocol === "http:" ? 80 : 443) : Number(base.port),
    // The run waits and repeats by itself, over restarts.
    maxNetworkRetries: 0,
    telemetry: false,
  });
  const account = options.account === undefined ? {} : { stripeAccount: options.account };
  return {
    list: async ({ from, to }, cursor, pageItems) => {
      const created = { gte: Math.floor(from.getTime() / 1_000), lt: Math.ceil(to.getTime() / 1_000) };
      const after = cursor === null ? {} : { starting_after: cursor };
      const seen = { isPlaceGone: false };
      const asked = await line.call(() =>
        client.events.list({ created, limit: pageItems, ...after }, account).catch((error: unknown) => {
          seen.isPlaceGone = error instanceof Client.errors.StripeError && isPlaceGone(error);
          throw error;
        }),
      );
      if (!asked.ok) return seen.isPlaceGone ? faultOf("gone", PLACE_GONE) : asked;
      const { data, has_more: hasMore } = asked.value;
      const texts = sliceItems(line.lastText(), "/data");
      if (texts === null || texts.length !== data.length)
        return faultOf("malformed", "the answer holds no list of events");
      const entries = data.map((event, i) => toEntry(event, texts[i]!));
      const last = data.at(-1);
      // An empty page that promises more would be asked for ever.
      return { ok: true, entries, next: hasMore && last !== undefined ? last.id : null };
    },
    fetch: async ({ providerEventId }) => {
      const asked = await line.call(() => client.events.retrieve(providerEventId, {}, account));
      return asked.ok ? { ok: true, body: Buffer.from(line.lastText()), headers: HEADERS } : asked;
    },
    redeliver: null,
  };
}

const PLACE_GONE = "the provider's log has no longer the event after which the next page begins: start a new run";

/**
 * The newest come first, so what the list would go on with is kept no longer either, or soon will not be. To take that for the end of
 * the list would call a time compared that nobody has looked at: the next run begins at what is kept, and says what was left out.
 */
function isPlaceGone({ code, param }: Stripe.errors.StripeError): boolean {
  return code === "resource_missing" && param === "starting_after";
}

const HEADERS = [["content-type", "application/json; charset=utf-8"]] as const;

function toEntry(event: Stripe.Event, text: string): LogEntry {
  return {
    eventKey: `id:${event.id}`,
    providerEventId: event.id,
    reference: null,
    eventType: event.type,
    occurredAt: new Date(event.created * 1_000),
    providerOutcome: event.pending_webhooks === 0 ? "delivered" : null,
    body: Buffer.from(text),
    headers: HEADERS,
  };
}
