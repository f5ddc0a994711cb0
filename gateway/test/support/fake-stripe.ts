import { randomUUID } from "node:crypto";
import type { FakeProvider, Reply } from "./fake-provider.ts";
import { startFakeProvider } from "./fake-provider.ts";

/** A Stripe account that speaks the list of events to the official client. */
export interface FakeStripe extends FakeProvider {
  readonly key: string;
  /** Something happens at this moment; gives the event as its webhook carries it. */
  happen(atMs: number, type?: string): { readonly id: string; readonly body: string };
}

interface Event {
  readonly id: string;
  readonly object: "event";
  readonly type: string;
  readonly created: number;
  readonly api_version: string;
  readonly pending_webhooks: number;
  readonly data: object;
}

export async function startFakeStripe(): Promise<FakeStripe> {
  const events: Event[] = [];
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
    const gte = Number(url.searchParams.get("created[gte]"));
    const lt = Number(url.searchParams.get("created[lt]"));
    const fitting = events.filter(({ created }) => created >= gte && created < lt);
    const after = url.searchParams.get("starting_after");
    const from = after === null ? 0 : fitting.findIndex(({ id }) => id === after) + 1;
    const size = Number(url.searchParams.get("limit") ?? 10);
    const page = fitting.slice(from, from + size);
    const hasMore = from + size < fitting.length;
    return {
      status: 200,
      text: `{"object":"list","data":[${page.map(write).join(",\n")}],"has_more":${hasMore},"url":"/v1/events"}`,
    };
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
  });
}

/** As Stripe writes it: indented. */
function write(event: Event): string {
  return JSON.stringify(event, null, 2);
}
