import { ApiFault, toProblem } from "./api-fault.ts";
import type { ApiAddress } from "./call-api.ts";

/** A new event, as the live stream tells it. */
export interface StreamedEvent {
  readonly id: string;
  readonly source: string;
  readonly eventType: string | null;
  readonly providerEventId: string | null;
  readonly receivedAt: string;
}

const FRAME_CHARS_MAX = 1_048_576;

/**
 * Follows the gateway's live stream once, until it ends or `signal` is aborted; going on afterwards is the caller's matter, with
 * the id of the last event as `after`. What came a few seconds before that event may come again.
 *
 * @throws ApiFault when the gateway refuses; what the network does is thrown as `fetch` throws it
 */
export async function* followStream(
  address: ApiAddress,
  wish: { readonly source?: string; readonly type?: string; readonly after?: string; readonly signal: AbortSignal },
): AsyncGenerator<StreamedEvent> {
  const url = new URL(`${address.url.replace(/\/(api\/v1\/?)?$/, "")}/api/v1/stream`);
  const { source, type, after, signal } = wish;
  for (const [name, value] of Object.entries({ source, type, after }))
    if (value !== undefined) url.searchParams.set(name, value);
  const headers = { authorization: `Bearer ${address.token}`, accept: "text/event-stream, application/problem+json" };
  const response = await (address.fetch ?? fetch)(url, { headers, redirect: "error", signal });
  if (!response.ok || response.body === null) throw new ApiFault(toProblem(response.status, await response.text()));
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    const frames = text.split("\n\n");
    text = frames.pop() ?? "";
    if (text.length > FRAME_CHARS_MAX) return;
    for (const frame of frames) {
      const event = readFrame(frame);
      if (event !== null) yield event;
    }
  }
}

function readFrame(frame: string): StreamedEvent | null {
  const lines = frame.split("\n");
  if (!lines.includes("event: event")) return null;
  const data = lines.find((line) => line.startsWith("data: "));
  return data === undefined ? null : (JSON.parse(data.slice("data: ".length)) as StreamedEvent);
}
