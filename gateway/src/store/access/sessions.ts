import type { Role } from "../../domain/role.ts";
import { cold } from "../statement.ts";

export interface SessionRow {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly role: Role;
  readonly api_key_id: string | null;
  readonly person_id: string | null;
  readonly seen_at: Date;
  readonly expires_at: Date;
}

/**
 * One of a person is opened while that person is held, and with the password that was checked: a change of the account that is faster
 * leaves no row here, and one that is slower finds the session and ends it. Parameters: sha256, id, tenant, name, role, api key id,
 * person id, created, expires, sealed ID token or null, the hash that a password was checked against or null.
 */
export const insertSession = cold(
  "insert_session",
  `WITH owner AS (
     SELECT id FROM holdfast.person
      WHERE id = $7::uuid AND tenant = $3::text AND state = 'active' AND ($11::text IS NULL OR password = $11)
        FOR SHARE)
   INSERT INTO holdfast.session (
     sha256, id, tenant, name, role, api_key_id, person_id, created_at, seen_at, expires_at, sealed_id_token)
   SELECT $1::bytea, $2::uuid, $3, $4::text, $5::text, $6::uuid, $7, $8::timestamptz, $8, $9::timestamptz, $10::bytea
    WHERE $7 IS NULL OR EXISTS (SELECT FROM owner)`,
);

/**
 * The session of a token while it counts: not ended, not over, not idle for too long, and the key or person that opened it
 * still there. A person's role is the one that they have now. Parameters: sha256, now, the idle limit's start.
 */
export const findSession = cold<SessionRow>(
  "find_session",
  `SELECT s.id, s.tenant, s.name, coalesce(p.role, s.role) AS role, s.api_key_id, s.person_id, s.seen_at, s.expires_at
     FROM holdfast.session s
     LEFT JOIN holdfast.api_key k ON k.id = s.api_key_id
     LEFT JOIN holdfast.person p ON p.id = s.person_id
    WHERE s.sha256 = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND s.seen_at > $3
      AND (s.api_key_id IS NULL OR (k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)))
      AND (s.person_id IS NULL OR p.state = 'active')`,
);

/** Parameters: id, now. */
export const touchSession = cold(
  "touch_session",
  "UPDATE holdfast.session SET seen_at = $2 WHERE id = $1 AND seen_at < $2",
);

/** Whether a session has not been ended since it was looked at; whose it is has to be held. Parameter: id. */
export const findOpenSession = cold(
  "find_open_session",
  "SELECT FROM holdfast.session WHERE id = $1 AND ended_at IS NULL",
);

/** Parameters: id, now. */
export const endSession = cold<{ sealed_id_token: Buffer | null }>(
  "end_session",
  "UPDATE holdfast.session SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL RETURNING sealed_id_token",
);

/** Forgets sessions and links that are long over. Parameter: over before. */
export const deleteOldSessions = cold("delete_old_sessions", "DELETE FROM holdfast.session WHERE expires_at < $1");

/** Parameters: sha256, tenant, role, api key id, person id, created, expires, when its maker expires or null. */
export const insertSignInLink = cold(
  "insert_sign_in_link",
  `INSERT INTO holdfast.sign_in_link (
     sha256, tenant, role, api_key_id, person_id, created_at, expires_at, maker_expires_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
);

/**
 * Whoever made a link, held before the link is used: a change of the account holds them first as well, and then ends the link.
 * Parameter: sha256.
 */
export const holdLinkMaker = cold(
  "hold_link_maker",
  `SELECT FROM holdfast.person
    WHERE id = (SELECT l.person_id FROM holdfast.sign_in_link l WHERE l.sha256 = $1) FOR SHARE`,
);

/**
 * Uses a link, once: of two who try, the second finds it used. It counts no longer than the key or person that made it.
 * Parameters: sha256, now.
 */
export const useSignInLink = cold<{
  tenant: string;
  role: Role;
  api_key_id: string | null;
  person_id: string | null;
  maker_expires_at: Date | null;
}>(
  "use_sign_in_link",
  `UPDATE holdfast.sign_in_link l SET used_at = $2
    WHERE l.sha256 = $1 AND l.used_at IS NULL AND l.expires_at > $2
      AND (l.api_key_id IS NULL OR EXISTS (
        SELECT FROM holdfast.api_key k
         WHERE k.id = l.api_key_id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2)))
      AND (l.person_id IS NULL OR EXISTS (
        SELECT FROM holdfast.person p WHERE p.id = l.person_id AND p.state = 'active'))
   RETURNING l.tenant, coalesce((SELECT p.role FROM holdfast.person p WHERE p.id = l.person_id), l.role) AS role, l.api_key_id,
             l.person_id, l.maker_expires_at`,
);
