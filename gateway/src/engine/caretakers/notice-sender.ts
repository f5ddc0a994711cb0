import { NOTICE_WAITS_MS } from "../../domain/alert-notice.ts";
import { toPublicId } from "../../domain/id.ts";
import type { NoticeDeps, NoticeSent } from "../../pipeline/send-notice.ts";
import { sendNotice } from "../../pipeline/send-notice.ts";
import type { Log } from "../../platform/log.ts";
import type { SecretsBox } from "../../platform/secrets-box.ts";
import { forgetAlerts } from "../../store/alerts/alerts.ts";
import { loadChannels } from "../../store/alerts/channels.ts";
import type { NoticeRow } from "../../store/alerts/notices.ts";
import { forgetNotices, settleNotice, takeDueNotices } from "../../store/alerts/notices.ts";
import type { Database } from "../../store/database.ts";
import type { DatabaseClock } from "../database-clock.ts";

export interface SenderDeps extends NoticeDeps {
  readonly db: Database;
  readonly databaseClock: DatabaseClock;
  readonly box: SecretsBox;
  readonly log: Log;
}

const TAKEN_MAX = 10;
/** A notice of a process that was killed while it sent is sent again after so long. */
const LEASE_MS = 120_000;
const KEPT_MS = 90 * 86_400_000;
const FORGOTTEN_MAX = 10_000;

/** Sends the notices that are due, side by side. @returns whether there may be more */
export async function sendNotices(deps: SenderDeps): Promise<boolean> {
  const now = deps.databaseClock.now();
  const again = new Date(now.getTime() + LEASE_MS);
  const { rows } = await deps.db.run(takeDueNotices, [now, again, TAKEN_MAX]);
  if (rows.length === 0) return false;
  const channels = await loadChannels(deps.db, deps.box, null);
  await Promise.all(
    rows.map(async (row) => {
      const channel = channels.find(({ id }) => id === row.channel_id);
      const isOff = channel === undefined || (channel.state === "disabled" && row.kind !== "test");
      const off = { ok: false, isFinal: true, detail: "the channel is disabled" } as const;
      const notice = { id: toPublicId("ntc", row.id), kind: row.kind, facts: row.alerts, createdAt: row.created_at };
      await settle(deps, row, isOff ? off : await sendNotice(deps, channel, notice));
    }),
  );
  return rows.length === TAKEN_MAX;
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
