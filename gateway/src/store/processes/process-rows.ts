import { cold } from "../statement.ts";

export interface ProcessRow {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly roles: string[];
  readonly version: string;
  readonly started_at: Date;
  readonly seen_at: Date;
  readonly leads: boolean;
}

/**
 * Says that a process lives, also when the database's clock was set back to before it started.
 * Parameters: id uuid, host, pid, roles text[], version.
 */
export const beat = cold(
  "beat",
  `INSERT INTO holdfast.process AS p (id, host, pid, roles, version, started_at, seen_at)
   VALUES ($1, $2, $3, $4, $5, now(), now())
   ON CONFLICT (id) DO UPDATE SET seen_at = now(), started_at = least(p.started_at, now())`,
);

/**
 * Who was seen within so many seconds, the oldest first, and which of them leads. Who was seen as long from now in the future was so
 * before the clock was set back, and not since. Parameters: leadership's name, seconds.
 */
export const listProcesses = cold<ProcessRow>(
  "list_processes",
  `SELECT p.id, p.host, p.pid, p.roles, p.version, p.started_at, p.seen_at,
          EXISTS (SELECT FROM holdfast.leadership l WHERE l.name = $1 AND l.holder = p.id AND l.lease_until > now()) AS leads
     FROM holdfast.process p
    WHERE p.seen_at > now() - make_interval(secs => $2::float8) AND p.seen_at < now() + make_interval(secs => $2::float8)
    ORDER BY p.started_at, p.id
    LIMIT 1000`,
);

/** A process that ends takes its row with it. Parameter: id uuid. */
export const removeProcess = cold("remove_process", "DELETE FROM holdfast.process WHERE id = $1");

/** Forgets processes that were not seen for so many seconds, or were so long from now in the future. Parameter: seconds. */
export const forgetSilent = cold(
  "forget_silent",
  `DELETE FROM holdfast.process
    WHERE seen_at < now() - make_interval(secs => $1::float8) OR seen_at > now() + make_interval(secs => $1::float8)`,
);
