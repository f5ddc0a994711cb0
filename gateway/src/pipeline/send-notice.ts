import type { AlertChannel } from "../domain/alert-channel.ts";
import type { Notice } from "../domain/alert-notice.ts";
import { textOf, titleOf, toPagerduty, toSlack, toWebhook } from "../domain/alert-notice.ts";
import type { Clock } from "../platform/clock.ts";
import { signDelivery } from "../platform/delivery-signature.ts";
import type { MailDialer } from "../platform/egress/dial-mail.ts";
import type { Egress } from "../platform/egress/egress-outcome.ts";
import { sendMail } from "../platform/send-mail.ts";

export interface NoticeDeps {
  readonly egress: Egress;
  readonly dialer: MailDialer;
  readonly clock: Clock;
  /** Signatures are of the database's time, as those of deliveries are. */
  readonly databaseClock: Pick<Clock, "now">;
}

/** Taken; or not, and whether to try again. `detail` is for whoever looks why: it names no secret. */
export type NoticeSent =
  | { readonly ok: true }
  | { readonly ok: false; readonly isFinal: boolean; readonly detail: string };

const POST_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Of a notice's requests to PagerDuty, so that those of fifty alerts come through in time where each takes a second or more. */
const POSTS_AT_ONCE = 5;
/** However many requests a notice takes, and however slowly the other side answers. */
export const NOTICE_TIMEOUT_MS = 60_000;

/** Sends one notice by one channel, once, within {@link NOTICE_TIMEOUT_MS}. */
export async function sendNotice(deps: NoticeDeps, channel: AlertChannel, notice: Notice): Promise<NoticeSent> {
  const { address, secret } = channel;
  if (address.kind === "email") return await mail(deps, { ...channel, address }, notice);
  if (secret === null) {
    const why = channel.secretUnreadable ? "cannot be read with the keys that are loaded" : "is missing";
    return { ok: false, isFinal: false, detail: `the channel's secret ${why}; give it again` };
  }
  switch (address.kind) {
    case "slack":
      return await post(deps, secret, JSON.stringify(toSlack(notice)));
    case "pagerduty": {
      // Of a test's two events the second one ends what the first one began; others are each about an alert of its own.
      const atOnce = notice.kind === "test" ? 1 : POSTS_AT_ONCE;
      return await postEach(deps, address.url, toPagerduty(notice, secret), atOnce);
    }
    case "webhook": {
      const body = JSON.stringify(toWebhook(notice));
      const timestampSec = Math.floor(deps.databaseClock.now().getTime() / 1_000);
      const signed = signDelivery({ secrets: [secret], id: notice.id, timestampSec, body: Buffer.from(body) });
      if (signed === null)
        return { ok: false, isFinal: true, detail: "the channel's signing secret is not one; give it again" };
      return await post(deps, address.url, body, Object.entries(signed));
    }
  }
}

/** So many at once, and then the next. What may pass is told before what is refused for good, so that it is tried again. */
async function postEach(deps: NoticeDeps, url: string, events: readonly object[], atOnce: number): Promise<NoticeSent> {
  const endsAtMs = deps.clock.monotonicMs() + NOTICE_TIMEOUT_MS;
  for (let done = 0; done < events.length; done += atOnce) {
    const leftMs = endsAtMs - deps.clock.monotonicMs();
    if (leftMs <= 0) {
      const detail = `${done} of ${events.length} events were taken within ${NOTICE_TIMEOUT_MS} ms`;
      return { ok: false, isFinal: false, detail };
    }
    const timeoutMs = Math.min(POST_TIMEOUT_MS, leftMs);
    const group = events.slice(done, done + atOnce);
    const sent = await Promise.all(group.map((event) => post(deps, url, JSON.stringify(event), [], timeoutMs)));
    const failed = sent.find((one) => !one.ok && !one.isFinal) ?? sent.find((one) => !one.ok);
    if (failed !== undefined) return failed;
  }
  return { ok: true };
}

async function post(
  { egress }: NoticeDeps,
  url: string,
  body: string,
  headers: readonly (readonly [string, string])[] = [],
  totalTimeoutMs = POST_TIMEOUT_MS,
): Promise<NoticeSent> {
  const outcome = await egress.post({
    url,
    headers: [["content-type", "application/json"], ["user-agent", "holdfast"], ...headers],
    body: Buffer.from(body),
    totalTimeoutMs,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  });
  if (outcome.kind === "blocked") return { ok: false, isFinal: true, detail: outcome.detail };
  if (outcome.kind === "failed") return { ok: false, isFinal: false, detail: outcome.detail };
  const { status } = outcome;
  if (status >= 200 && status < 300) return { ok: true };
  const said = Buffer.from(outcome.body)
    .toString("utf8")
    .replaceAll(/[^\u0020-\u007e]+/g, " ")
    .slice(0, 200);
  // What is refused today for what it says (400, 403, 404, 410) is refused tomorrow; 408, 425, 429 and 5xx pass.
  const isFinal = status >= 300 && status < 500 && ![408, 425, 429].includes(status);
  return { ok: false, isFinal, detail: `answered ${status}${said === "" ? "" : `: ${said}`}` };
}

async function mail(
  { dialer }: NoticeDeps,
  { address, secret }: AlertChannel & { readonly address: Extract<AlertChannel["address"], { kind: "email" }> },
  notice: Notice,
): Promise<NoticeSent> {
  const { host, port, security, from, to, username } = address;
  const auth = username === null ? null : { user: username, pass: secret ?? "" };
  const subject = `[Holdfast] ${titleOf(notice)}`.slice(0, 200);
  const said = { from, to, subject, text: textOf(notice), id: notice.id };
  return await sendMail({ dialer }, { host, port, security, auth, ...said, totalTimeoutMs: NOTICE_TIMEOUT_MS });
}
