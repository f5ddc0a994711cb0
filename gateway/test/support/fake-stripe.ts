import { randomUUID } from "node:crypto";
import type { FakeProvider, Reply } from "./fake-provider.ts";
import { startFakeProvider } from "./fake-provider.ts";

/** A Stripe account that speaks the list of events to the official client. */
export interface FakeStripe extends FakeProvider {
  readonly key: string;
  /** Something happens at this moment; gives the event as its webhook carries it. */
  happen(atMs: number, type?: string): { readonly id: string; readonly body: string };
  /** Stripe thinks that its webhook was delivered. */
  deliver(id: string): void;
  /** Keeps no event of before this moment any more. */
  forget(beforeMs: number): void;
}

interface Event {
  readonly id: string;
  readonly object: "event";
  readonly type: string;
  readonly created: number;
  readonly api_version: string;
  pending_webhooks: number;
  readonly data: object;
}

export async function startFakeStripe(): Promise<FakeStripe> {
  let events: Event[] = [];
  const key = "sk_test_of_the_tests";
  const fake = await startFakeProvider(({ url, headers }): Reply => {
    if (headers.authorization !== `Bearer ${key}`)
      return {
        status: 401,
        text: JSON.stringify({ error: { type: "invalid_request_error", message: `Invalid API Key: ${key}` } }),
      };
    const one = /^\/v1\/events\/(evt_\w+)$/.exec(url.pathname)?.[1];
    if (one !== undefined) {
      const event = events.find(({ id }) => id === one);
      return event === undefined
        ? { status: 404, text: '{"error":{"message":"No such event"}}' }
        : { status: 200, text: write(event) };
    }
    if (url.pathname !== "/v1/events") return { status: 404, text: '{"error":{"message":"no"}}' };
    return list(events, url.searchParams);
  });
  return Object.assign(fake, {
    key,
    happen: (atMs: number, type = "invoice.paid") => {
      const created = Math.floor((atMs + fake.skewMs) / 1_000);
      const id = `evt_${randomUUID().replaceAll("-", "")}`;
      const event: Event = {
        id,
        object: "event",
        type,
        created,
        api_version: "2026-01-28",
        pending_webhooks: 1,
        data: { object: { id: `in_${id.slice(4)}`, amount: 1_250 } },
      };
      events.unshift(event);
      events.sort((a, b) => b.created - a.created);
      return { id, body: write(event) };
    },
    deliver: (id: string) => {
      for (const event of events) if (event.id === id) event.pending_webhooks = 0;
    },
    forget: (beforeMs: number) => {
      events = events.filter(({ created }) => created * 1_000 >= beforeMs);
    },
  });
}

function list(events: readonly Event[], query: URLSearchParams): Reply {
  const after = query.get("starting_after");
  const place = after === null ? -1 : events.findIndex(({ id }) => id === after);
  if (after !== null && place < 0) return { status: 400, text: JSON.stringify({ error: missing(after) }) };
  const gte = Number(query.get("created[gte]"));
  const lt = Number(query.get("created[lt]"));
  const fitting = events.slice(place + 1).filter(({ created }) => created >= gte && created < lt);
  const size = Number(query.get("limit") ?? 10);
  const page = fitting.slice(0, size).map(write).join(",\n");
  const text = `{"object":"list","data":[${page}],"has_more":${size < fitting.length},"url":"/v1/events"}`;
  return { status: 200, text };
}

// As Stripe answers to a place that it has not got (github.com/stripe/stripe-go/issues/1030).
function missing(id: string): object {
  const [code, message] = ["resource_missing", `No such event: '${id}'`];
  const doc_url = "https://stripe.com/docs/error-codes/resource-missing";
  return { code, doc_url, message, param: "starting_after", type: "invalid_request_error" };
}

/** As Stripe writes it: indented. */
function write(event: Event): string {
  return JSON.stringify(event, null, 2);
}
