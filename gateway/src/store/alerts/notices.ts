import type { NoticeFact, NoticeState } from "../../domain/alert-notice.ts";
import { cold } from "../statement.ts";

export interface NoticeRow {
  readonly [column: string]: unknown;
  readonly id: string;
  readonly tenant: string;
  readonly channel_id: string;
  readonly kind: "fired" | "repeated" | "resolved" | "test";
  readonly alerts: readonly NoticeFact[];
  readonly state: NoticeState;
  readonly attempts: number;
  readonly due_at: Date;
  readonly detail: string | null;
  readonly created_at: Date;
  readonly sent_at: Date | null;
}

/** Parameters: id, tenant, channel id, kind, alerts jsonb, now. */
export const queueNotice = cold(
  "queue_alert_notice",
  `INSERT INTO holdfast.alert_notice (id, tenant, channel_id, kind, alerts, state, due_at, created_at)
   VALUES ($1, $2, $3, $4, $5::jsonb, 'queued', $6, $6)`,
);

// An end that overtakes its beginning leaves a page or an incident that nobody closes. Beginnings wait for nothing: a later one
// says the same, and an attempt that failed may be an hour away.
const NOT_BEFORE_ITS_BEGINNING = `(q.kind <> 'resolved' OR NOT EXISTS (
       SELECT FROM holdfast.alert_notice o
        WHERE o.channel_id = q.channel_id AND o.state = 'queued' AND o.kind IN ('fired', 'repeated')
          AND (o.created_at, o.id) < (q.created_at, q.id)
          AND EXISTS (SELECT FROM jsonb_array_elements(o.alerts) a JOIN jsonb_array_elements(q.alerts) b
                                  ON a ->> 'alert' = b ->> 'alert')))`;

/**
 * Takes what is due, the attempt counted and the next one planned before it is made: whoever is killed meanwhile delays a
 * notice and never loses it. That an alert is over waits until what was told of it before by that channel was taken or given up.
 * Parameters: now, when it is due again unless it is settled, limit, ids of channels to leave out uuid[].
 */
export const takeDueNotices = cold<NoticeRow>(
  "take_due_alert_notices",
  `UPDATE holdfast.alert_notice n SET attempts = n.attempts + 1, due_at = $2
    WHERE n.id IN (SELECT q.id FROM holdfast.alert_notice q
                    WHERE q.state = 'queued' AND q.due_at <= $1 AND q.channel_id <> ALL($4::uuid[]) AND ${NOT_BEFORE_ITS_BEGINNING}
                    ORDER BY q.due_at LIMIT $3 FOR UPDATE OF q SKIP LOCKED)
   RETURNING n.id, n.tenant, n.channel_id, n.kind, n.alerts, n.state, n.attempts, n.due_at, n.detail, n.created_at, n.sent_at`,
);

/** Parameters: id, state, due at, detail, sent at, attempts as they were when it was taken. */
export const settleNotice = cold(
  "settle_alert_notice",
  `UPDATE holdfast.alert_notice SET state = $2, due_at = $3, detail = $4, sent_at = $5
    WHERE id = $1 AND state = 'queued' AND attempts = $6`,
);

/** Takes back that one was tried. Parameters: id, due at, attempts as they were when it was taken. */
export const giveNoticeBack = cold(
  "give_alert_notice_back",
  `UPDATE holdfast.alert_notice SET attempts = attempts - 1, due_at = $2
    WHERE id = $1 AND state = 'queued' AND attempts = $3`,
);

/** A page, newest first. Parameters: tenant, before id (exclusive), limit. */
export const listNoticesSent = cold<NoticeRow>(
  "list_alert_notices",
  `SELECT n.id, n.tenant, n.channel_id, n.kind, n.alerts, n.state, n.attempts, n.due_at, n.detail, n.created_at, n.sent_at
     FROM holdfast.alert_notice n WHERE n.tenant = $1 AND n.id < $2 ORDER BY n.id DESC LIMIT $3`,
);

/** Forgets what was made before a moment and waits no longer. Parameters: moment, at most so many. */
export const forgetNotices = cold(
  "forget_alert_notices",
  `DELETE FROM holdfast.alert_notice WHERE id IN (
     SELECT id FROM holdfast.alert_notice WHERE state <> 'queued' AND created_at < $1 LIMIT $2)`,
);
