import type { Page, SearchedPage } from "./api-shapes.ts";
import type { PageQuery } from "./list-queries.ts";

/** What somebody may do, each role all that the ones before it may. */
export type AccessRole = "viewer" | "responder" | "operator" | "admin";

/** Somebody who may sign in. */
export interface Person {
  id: string;
  email: string;
  name: string;
  role: AccessRole;
  state: "active" | "disabled";
  /** False for people who come through an OpenID provider alone. */
  hasPassword: boolean;
  /** The OpenID provider that they come through. */
  issuer: string | null;
  createdAt: string;
  updatedAt: string;
  lastSeenAt: string | null;
}

export interface PersonInput {
  email: string;
  name?: string;
  role?: AccessRole;
  /** At least 12 characters. */
  password: string;
}

export interface PersonChanges {
  name?: string;
  role?: AccessRole;
  /** `disabled` ends all sessions. */
  state?: Person["state"];
  /** Ends all sessions. */
  password?: string;
}

/** One thing that was done, by whom. */
export interface AuditEntry {
  /** Its place in the chain, from 1. */
  n: number;
  at: string;
  actor: string;
  actorId: string | null;
  /** The operation, such as `PATCH /destinations/{id}`. */
  action: string;
  target: string | null;
  detail: Record<string, unknown>;
  /** SHA-256 in hex. */
  hash: string;
}

export interface AuditQuery extends PageQuery {
  /** By name or id. */
  actor?: string;
  action?: string;
  target?: string;
  from?: string;
  until?: string;
}

/** What computing the chain again found. */
export interface AuditVerification {
  intact: boolean;
  entries: number;
  last: { n: number; hash: string } | null;
  /** False when there is more: go on after `last`. */
  complete: boolean;
  broken: { n: number; problem: "missing" | "altered" | "unlinked"; detail: string } | null;
}

/** Who may sign in; a person by id. */
export interface PeopleCalls {
  page(query?: PageQuery): Promise<Page<Person>>;
  all(query?: PageQuery): AsyncGenerator<Person, void, undefined>;
  add(input: PersonInput): Promise<Person>;
  update(id: string, changes: PersonChanges): Promise<Person>;
}

/** Who did what. */
export interface AuditCalls {
  page(query?: AuditQuery): Promise<SearchedPage<AuditEntry>>;
  all(query?: AuditQuery): AsyncGenerator<AuditEntry, void, undefined>;
  /** Follows the chain after entry `after`, which is held against `hash` when that is given. */
  verify(from?: { after?: number; hash?: string }): Promise<AuditVerification>;
}
