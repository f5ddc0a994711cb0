import type { AlertChannel } from "../../domain/alert-channel.ts";
import { NOTICE_WAITS_MS } from "../../domain/alert-notice.ts";
import { toPublicId } from "../../domain/id.ts";
import type { NoticeDeps, NoticeSent } from "../../pipeline/send-notice.ts";
import { NOTICE_TIMEOUT_MS, sendNotice } from "../../pipeline/send-notice.ts";
import type { Log } from "../../platform/log.ts";
import { messageOf } from "../../platform/log.ts";
import type { SecretsBox } from "../../platform/secrets-box.ts";
import { forgetAlerts } from "../../store/alerts/alerts.ts";
import { loadChannels } from "../../store/alerts/channels.ts";
import type { NoticeRow } from "../../store/alerts/notices.ts";
import { forgetNotices, giveNoticeBack, settleNotice, takeDueNotices } from "../../store/alerts/notices.ts";
import type { Database } from "../../store/database.ts";
import type { DatabaseClock } from "../database-clock.ts";

export interface SenderDeps extends NoticeDeps {
  readonly db: Database;
  readonly databaseClock: DatabaseClock;
  readonly box: SecretsBox;
  readonly log: Log;
}

/** Sends what is due, each notice for itself: a channel that takes its time holds up no other. */
export interface NoticeSender {
  /** Begins the notices that are due, of channels by which nothing is under way. @returns whether there may be more */
  begin(): Promise<boolean>;
  /** Resolves when everything that was begun is settled. */
  idle(): Promise<void>;
  /** Begins nothing more; what is under way and is not taken counts as not tried, and is due at once for whoever leads next. */
  stop(): void;
}

const TAKEN_MAX = 10;
const UNDER_WAY_MAX = 100;
/** A notice of a process that was killed while it sent is sent again after so long; it may take half of that. */
const LEASE_MS = 2 * NOTICE_TIMEOUT_MS;
const KEPT_MS = 90 * 86_400_000;
const FORGOTTEN_MAX = 10_000;

export function createNoticeSender(deps: SenderDeps): NoticeSender {
  const underWay = new Map<Promise<void>, string>();
  let stopped = false;
  return {
    begin: async () => {
      const limit = Math.min(TAKEN_MAX, UNDER_WAY_MAX - underWay.size);
      if (stopped || limit <= 0) return false;
      const now = deps.databaseClock.now();
      const again = new Date(now.getTime() + LEASE_MS);
      const { rows } = await deps.db.run(takeDueNotices, [now, again, limit, [...new Set(underWay.values())]]);
      if (rows.length === 0) return false;
      const channels = await loadChannels(deps.db, deps.box, null);
      for (const row of rows) {
        const channel = channels.find(({ id }) => id === row.channel_id);
        const sending = sendAndSettle(deps, row, channel, () => stopped).finally(() => underWay.delete(sending));
        underWay.set(sending, row.channel_id);
      }
      return rows.length === limit;
    },
    idle: async () => void (await Promise.all(underWay.keys())),
    stop: () => {
      stopped = true;
    },
  };
}

/** Never throws: what could not be settled is due again when its lease ends. */
async function sendAndSettle(
  deps: SenderDeps,
  row: NoticeRow,
  channel: AlertChannel | undefined,
  isStopped: () => boolean,
): Promise<void> {
  const isOff = channel === undefined || (channel.state === "disabled" && row.kind !== "test");
  const off = { ok: false, isFinal: true, detail: "the channel is disabled" } as const;
  const notice = { id: toPublicId("ntc", row.id), kind: row.kind, facts: row.alerts, createdAt: row.created_at };
  try {
    const sent = isOff ? off : await sendNotice(deps, channel, notice);
    if (!sent.ok && !sent.isFinal && isStopped())
      await deps.db.run(giveNoticeBack, [row.id, deps.databaseClock.now(), row.attempts]);
    else await settle(deps, row, sent);
  } catch (error) {
    deps.log.warn({ notice: notice.id, error: messageOf(error) }, "a notice could not be settled; it is sent again");
  }
}

async function settle(deps: SenderDeps, row: NoticeRow, sent: NoticeSent): Promise<void> {
  const now = deps.databaseClock.now();
  if (sent.ok) {
    await deps.db.run(settleNotice, [row.id, "sent", now, null, now, row.attempts]);
    return;
  }
  // Whoever presses the button waits for the answer: a test is tried once.
  const waitMs = sent.isFinal || row.kind === "test" ? undefined : NOTICE_WAITS_MS[row.attempts - 1];
  const state = waitMs === undefined ? "failed" : "queued";
  const dueAt = new Date(now.getTime() + (waitMs ?? 0));
  await deps.db.run(settleNotice, [row.id, state, dueAt, sent.detail, null, row.attempts]);
  const line = { notice: toPublicId("ntc", row.id), attempts: row.attempts, detail: sent.detail, state };
  deps.log.warn(line, "a notice of alerts was not taken");
}

/** Forgets alerts that ended and notices that were made long ago. */
export async function forgetOldAlerts(deps: Pick<SenderDeps, "db" | "databaseClock">): Promise<void> {
  const before = new Date(deps.databaseClock.now().getTime() - KEPT_MS);
  await deps.db.run(forgetAlerts, [before, FORGOTTEN_MAX]);
  await deps.db.run(forgetNotices, [before, FORGOTTEN_MAX]);
}
