import type { Role } from "../../domain/role.ts";
import { cold } from "../statement.ts";

export interface PersonRow {
  readonly id: string;
  readonly tenant: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly state: "active" | "disabled";
  readonly has_password: boolean;
  readonly issuer: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly last_seen_at: Date | null;
}

const COLUMNS = `p.id, p.tenant, p.email, p.name, p.role, p.state, p.password IS NOT NULL AS has_password, p.issuer, p.created_at,
          p.updated_at, (SELECT max(s.seen_at) FROM holdfast.session s WHERE s.person_id = p.id) AS last_seen_at`;

/** A second person with the address gets no row. Parameters: id, tenant, email, name, role, password or null, now. */
export const insertPerson = cold(
  "insert_person",
  `INSERT INTO holdfast.person (id, tenant, email, name, role, password, created_at, updated_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
   ON CONFLICT (tenant, email) DO NOTHING`,
);

/** By email. Parameters: tenant, after email, limit. */
export const listPeople = cold<PersonRow>(
  "list_people",
  `SELECT ${COLUMNS} FROM holdfast.person p WHERE p.tenant = $1 AND p.email > $2 ORDER BY p.email LIMIT $3`,
);

/** Parameters: tenant, id. */
export const findPerson = cold<PersonRow>(
  "find_person",
  `SELECT ${COLUMNS} FROM holdfast.person p WHERE p.tenant = $1 AND p.id = $2`,
);

/** Whoever may sign in with this address. Parameters: tenant, email. */
export const findCredentials = cold<{ id: string; name: string; role: Role; password: string | null; email: string }>(
  "find_credentials",
  `SELECT id, name, role, password, email FROM holdfast.person
    WHERE tenant = $1 AND email = $2 AND state = 'active'`,
);

/** The same by id, for whoever is signed in. Parameters: tenant, id. */
export const findOwnCredentials = cold<{ password: string | null; email: string }>(
  "find_own_credentials",
  "SELECT password, email FROM holdfast.person WHERE tenant = $1 AND id = $2 AND state = 'active'",
);

/** What is null stays. Parameters: tenant, id, name, role, state, password, now. */
export const updatePerson = cold<{ id: string }>(
  "update_person",
  `UPDATE holdfast.person
      SET name = coalesce($3, name), role = coalesce($4, role), state = coalesce($5, state),
          password = coalesce($6, password), updated_at = $7
    WHERE tenant = $1 AND id = $2
   RETURNING id`,
);

/** Held against a change of the password, the state or the connection at the same time. Parameters: tenant, id. */
export const lockPerson = cold(
  "lock_person",
  "SELECT FROM holdfast.person WHERE tenant = $1 AND id = $2 FOR NO KEY UPDATE",
);

/** The same, while the password is still the one that was checked. Parameters: tenant, id, the hash it was checked against. */
export const lockOwner = cold(
  "lock_owner",
  `SELECT FROM holdfast.person
    WHERE tenant = $1 AND id = $2 AND state = 'active' AND password = $3 FOR NO KEY UPDATE`,
);

/**
 * Ends all sessions of a person, the links that would open more, and what was begun to connect the account: once it came back, it
 * would open sessions whatever the password is by then. Also what is on its way back just now, which finds itself gone. The person
 * is locked by then. Parameters: person id, now.
 */
export const endSessionsOf = cold(
  "end_sessions_of",
  `WITH links AS (
     UPDATE holdfast.sign_in_link SET used_at = $2 WHERE person_id = $1 AND used_at IS NULL),
   flows AS (
     DELETE FROM holdfast.sign_in_flow WHERE person_id = $1)
   UPDATE holdfast.session SET ended_at = $2 WHERE person_id = $1 AND ended_at IS NULL`,
);

export interface IdentityRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  readonly state: "active" | "disabled";
}

/**
 * Whom an OpenID provider means, held against a second sign-in at the same time: found by issuer and subject alone.
 * Parameters: tenant, issuer, subject.
 */
export const lockIdentity = cold<IdentityRow>(
  "lock_identity",
  `SELECT id, email, name, role, state FROM holdfast.person
    WHERE tenant = $1 AND issuer = $2 AND subject = $3 FOR NO KEY UPDATE`,
);

/**
 * What the provider tells of somebody now. A role of null stays, and so does the address where somebody else has the new one.
 * Parameters: tenant, id, name, email, role or null, now.
 */
export const updateIdentity = cold<IdentityRow>(
  "update_identity",
  `UPDATE holdfast.person p
      SET name = $3, role = coalesce($5, p.role), updated_at = $6,
          email = CASE WHEN EXISTS (SELECT FROM holdfast.person o WHERE o.tenant = $1 AND o.email = $4 AND o.id <> p.id)
                       THEN p.email ELSE $4 END
    WHERE p.tenant = $1 AND p.id = $2
   RETURNING id, email, name, role, state`,
);

/** Somebody new whom an OpenID provider vouches for. Parameters: id, tenant, email, name, role, issuer, subject, now. */
export const insertIdentity = cold<IdentityRow>(
  "insert_identity",
  `INSERT INTO holdfast.person (id, tenant, email, name, role, issuer, subject, created_at, updated_at)
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
   ON CONFLICT DO NOTHING
   RETURNING id, email, name, role, state`,
);

/** Forgets whom the provider means by an account; nothing when it was not connected. Parameters: tenant, id, now. */
export const disconnectIdentity = cold(
  "disconnect_identity",
  `UPDATE holdfast.person SET issuer = NULL, subject = NULL, updated_at = $3
    WHERE tenant = $1 AND id = $2 AND issuer IS NOT NULL AND password IS NOT NULL`,
);

/**
 * Connects an account with whom the provider means. An account is connected once, and an identity has one account.
 * Parameters: tenant, id, issuer, subject, now.
 */
export const connectIdentity = cold<IdentityRow>(
  "connect_identity",
  `UPDATE holdfast.person p SET issuer = $3, subject = $4, updated_at = $5
    WHERE p.tenant = $1 AND p.id = $2 AND p.state = 'active' AND (p.issuer IS NULL OR (p.issuer = $3 AND p.subject = $4))
      AND NOT EXISTS (
        SELECT FROM holdfast.person o WHERE o.tenant = $1 AND o.issuer = $3 AND o.subject = $4 AND o.id <> p.id)
   RETURNING id, email, name, role, state`,
);
