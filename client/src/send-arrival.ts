import { readAnswer } from "./read-answer.ts";

const ANSWER_BYTES_MAX = 64 * 1024;

/** What a source's URL answered to one request. `status` 0 says that no answer came, and `detail` why. */
export interface ArrivalAnswer {
  status: number;
  /** The event that was recorded or had been before, `evt_…`; null when the request was not accepted. */
  eventId: string | null;
  duplicate: boolean;
  /** The body of the answer, or why there is none. */
  detail: string;
}

/**
 * Posts one request to a source's ingest URL, as its provider would: for samples, drills and tests. The body goes out as the
 * bytes that it is; redirects are not followed. Never throws for what the network or the gateway does.
 */
export async function sendArrival(request: {
  url: string;
  headers: Iterable<readonly [name: string, value: string]>;
  body: Uint8Array;
  method?: string;
  timeoutMs?: number;
  /** Ends it before; it is then told as one that was not answered. */
  signal?: AbortSignal;
  fetch?: typeof fetch;
}): Promise<ArrivalAnswer> {
  const { url, headers, body, method = "POST", timeoutMs = 30_000 } = request;
  const doFetch = request.fetch ?? fetch;
  const pairs = [...headers].map(([name, value]): [string, string] => [name, value]);
  try {
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]);
    const response = await doFetch(url, {
      method,
      headers: pairs,
      body: Buffer.from(body),
      redirect: "manual",
      signal,
    });
    const { bytes } = await readAnswer(response, ANSWER_BYTES_MAX);
    const detail = new TextDecoder().decode(bytes);
    const eventId = response.headers.get("holdfast-event");
    return {
      status: response.status,
      eventId,
      duplicate: response.headers.get("holdfast-duplicate") === "true",
      detail,
    };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { status: 0, eventId: null, duplicate: false, detail: cause instanceof Error ? cause.message : "no answer" };
  }
}
