import { decodeForm } from "../extract/form.ts";
import { path, scanJson } from "../extract/json-scan.ts";
import { decodeJsonString } from "../extract/json-text.ts";
import type { HandshakeAnswer } from "../handshake-rule.ts";
import type { WebhookRequest } from "../request.ts";

/** Bytes of a URL check at most; Slack's are under 300. */
const checkBytesMax = 4096;
const checkPaths = [path("type"), path("challenge")];
const challenge = /^[!-~]{1,512}$/;

/** Slack's check when an events URL is saved: `{"type":"url_verification","challenge":…}`, answered with the challenge as text. */
export function answerUrlVerification({ method, body }: WebhookRequest): HandshakeAnswer | null {
  if (method.toUpperCase() !== "POST" || body.length > checkBytesMax) return null;
  const [type, given] = scanJson(body, checkPaths) ?? [];
  if (type?.value?.kind !== "string" || given?.value?.kind !== "string") return null;
  if (decodeJsonString(body, type.value.start, type.value.end) !== "url_verification") return null;
  const text = decodeJsonString(body, given.value.start, given.value.end);
  if (text === null || !challenge.test(text)) return null;
  return { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body: Buffer.from(text, "utf8") };
}

/** Slack's check of a command URL's certificate, unsigned: a form with `ssl_check=1` and no command. Answered with nothing in it. */
export function answerSslCheck({ method, body }: WebhookRequest): HandshakeAnswer | null {
  if (method.toUpperCase() !== "POST" || body.length > checkBytesMax || !Buffer.from(body).includes("ssl_check"))
    return null;
  const fields = decodeForm(body) ?? [];
  const isCheck = fields.some(({ name, value }) => name === "ssl_check" && value === "1");
  const isCommand = fields.some(({ name }) => name === "command" || name === "payload");
  return isCheck && !isCommand ? { status: 200, headers: {}, body: new Uint8Array(0) } : null;
}
