import { decodeForm } from "../extract/form.ts";
import { path } from "../extract/json-scan.ts";
import { selectTexts } from "../extract/select.ts";
import type { HandshakeAnswer, HandshakeRule } from "../handshake-rule.ts";
import { onlyHeader } from "../request.ts";
import type { WebhookRequest } from "../request.ts";
import { queryOf } from "../engines/public-url.ts";

/** Bytes of a URL check at most. */
const checkBytesMax = 4096;
/** What is sent back is text that no browser reads as a page. */
const echo = /^[ -;=?-~]{1,2048}$/;

/** An answer without a body. */
export function emptyAnswer(status = 200, headers: Readonly<Record<string, string>> = {}): HandshakeAnswer {
  return { status, headers, body: new Uint8Array(0) };
}

/** An answer in plain text. */
export function textAnswer(text: string): HandshakeAnswer {
  return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body: Buffer.from(text, "utf8") };
}

/** An answer in JSON. */
export function jsonAnswer(value: Readonly<Record<string, string>>): HandshakeAnswer {
  return { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}

/** The provider asks with this method alone whether the URL is there; it is answered with an empty 200. */
export function methodCheck(asked: "HEAD" | "GET"): HandshakeRule {
  return { signed: false, answer: ({ method }) => (method.toUpperCase() === asked ? emptyAnswer() : null) };
}

/** One value of the query, decoded as a form is; null when it is absent, there twice, or could be a page. */
export function queryValue({ url }: WebhookRequest, name: string): string | null {
  const values = new URLSearchParams(queryOf(url)).getAll(name);
  const [value] = values;
  return values.length === 1 && value !== undefined && echo.test(value) ? value : null;
}

/** The text of a top-level member of a small JSON body that is safe to send back, or null. */
export function bodyValue({ method, body }: WebhookRequest, dotted: string): string | null {
  if (method.toUpperCase() !== "POST" || body.length > checkBytesMax) return null;
  const [value] = selectTexts(body, [path(dotted)]);
  return typeof value === "string" && echo.test(value) ? value : null;
}

/** A field of a small form, or null. */
export function formValue({ method, body }: WebhookRequest, name: string): string | null {
  if (method.toUpperCase() !== "POST" || body.length > checkBytesMax) return null;
  const found = decodeForm(body)?.filter((field) => field.name === name) ?? [];
  return found.length === 1 ? (found[0]?.value ?? null) : null;
}

/**
 * CloudEvents' abuse protection (HTTP webhooks 1.0.1, section 4): the sender asks by OPTIONS for its origin, and is allowed. A
 * rate that it asks for is not limited here: overload is answered with 429.
 */
export const cloudEventsCheck: HandshakeRule = {
  signed: false,
  answer: ({ method, headers }) => {
    const origin = onlyHeader(headers, "webhook-request-origin");
    if (method.toUpperCase() !== "OPTIONS" || origin === null || !/^[A-Za-z0-9.:_-]{1,253}$/.test(origin)) return null;
    const asksRate = onlyHeader(headers, "webhook-request-rate") !== null;
    return emptyAnswer(200, {
      allow: "POST, OPTIONS",
      "webhook-allowed-origin": origin,
      ...(asksRate ? { "webhook-allowed-rate": "*" } : {}),
    });
  },
};
