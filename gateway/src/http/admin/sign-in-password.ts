import { judgePassword } from "../../domain/password-rule.ts";
import {
  disconnectIdentity,
  endSessionsOf,
  findCredentials,
  findOwnCredentials,
  lockOwner,
  updatePerson,
} from "../../store/access/people.ts";
import type { Queryable } from "../../store/statement.ts";
import type { Principal } from "./api-keys.ts";
import type { Handled, OperationContext } from "./operation.ts";
import type { Refusal } from "./refusal.ts";
import { askStore, conflict, invalid, notStored } from "./refusal.ts";
import { openSession } from "./sessions.ts";

type Who = Omit<Principal, "sessionId">;

/** The same words whether the address, the password or both are wrong, so that nobody learns who is there (S41). */
export const WRONG_PASSWORD = "The email address and the password do not belong together.";

/**
 * Whose email address and password these are. Checked against a hash even when nobody has the address, so that both take the
 * same time; after too many failures nothing is checked at all.
 */
export async function signInByPassword(
  context: OperationContext,
  given: { readonly tenant: string; readonly email: string; readonly password: string },
): Promise<{ readonly ok: true; readonly who: Who; readonly checkedHash: string | null } | Refusal> {
  const { deps } = context;
  const { tenant, email, password } = given;
  const account = `${tenant} ${email}`;
  const waiting = refuseWaiting(context, account);
  if (waiting !== null) return waiting;
  const found = await askStore(() => deps.db.run(findCredentials, [tenant, email]));
  if (!found.ok) return found;
  const person = found.value.rows[0] ?? null;
  const refusal = await checkPassword(context, account, password, person?.password ?? null);
  if (refusal !== null) return refusal;
  if (person === null) throw new Error("nobody's password cannot be right");
  const { id, name, role, password: checkedHash } = person;
  return { ok: true, who: { tenant, name, role, keyId: null, personId: id, expiresAt: null }, checkedHash };
}

/** Whoever is signed in to an account, and has shown that it is theirs by its password. */
export interface OwnAccount {
  readonly ok: true;
  readonly personId: string;
  readonly checkedHash: string;
}

/** What is answered where the password that was checked is no longer the one, too. */
export const notYourPassword = (): Refusal => invalid({ path: "current", problem: "is not your password" });

/** Asks for the present password again, so that an unattended browser cannot be used to keep the account for good. */
export async function askOwnPassword(
  context: OperationContext,
  current: string,
  judge: (email: string) => Refusal | null = () => null,
): Promise<OwnAccount | Refusal> {
  const { deps, principal } = context;
  const { tenant, personId, sessionId } = principal;
  if (personId === null || sessionId === null) return conflict("Only somebody who signed in has a password.");
  const account = `${tenant} ${personId}`;
  const waiting = refuseWaiting(context, account);
  if (waiting !== null) return waiting;
  const found = await askStore(() => deps.db.run(findOwnCredentials, [tenant, personId]));
  if (!found.ok) return found;
  const own = found.value.rows[0];
  if (own === undefined || own.password === null)
    return conflict("You come through an OpenID provider: change it there.");
  const problem = judge(own.email);
  if (problem !== null) return problem;
  const refusal = await checkPassword(context, account, current, own.password);
  if (refusal?.code === "unauthorized") return notYourPassword();
  return refusal ?? { ok: true, personId, checkedHash: own.password };
}

/** Gives oneself a new password. All sessions end, this one too; whoever showed the old one goes on in a new one. */
export async function changeOwnPassword(
  context: OperationContext,
  body: { readonly current: string; readonly next: string },
): Promise<Handled<Record<string, never>>> {
  const { deps, principal } = context;
  const own = await askOwnPassword(context, body.current, (email) => {
    const problem = judgePassword(body.next, email);
    return problem === null ? null : invalid({ path: "next", problem });
  });
  if (!own.ok) return own;
  const hash = await deps.passwords.hash(body.next);
  return changeOwn(context, own, async (tx, now) => {
    await tx.run(updatePerson, [principal.tenant, own.personId, null, null, null, hash, now]);
    return null;
  });
}

/**
 * Takes the connection with the OpenID provider away from the own account. The password is asked, so that whoever has none is not
 * locked out. All sessions end, also those that the provider has vouched for; this browser goes on in a new one.
 */
export async function disconnectProvider(
  context: OperationContext,
  current: string,
): Promise<Handled<Record<string, never>>> {
  const own = await askOwnPassword(context, current);
  if (!own.ok) return own;
  return changeOwn(context, own, async (tx, now) => {
    const gone = await tx.run(disconnectIdentity, [context.principal.tenant, own.personId, now]);
    return gone.rowCount === 1 ? null : conflict("Your account is not connected with an OpenID provider.");
  });
}

/**
 * Changes one's own account, while the password is the one that was shown: with it all its sessions end, and whoever showed the
 * password goes on in a new one.
 */
async function changeOwn(
  context: OperationContext,
  { personId, checkedHash }: OwnAccount,
  change: (tx: Queryable, now: Date) => Promise<Refusal | null>,
): Promise<Handled<Record<string, never>>> {
  const { deps, principal, isSecure } = context;
  const { tenant, role, name } = principal;
  const who = { tenant, role, name, keyId: null, personId, expiresAt: null };
  const now = deps.clock.now();
  const written = await deps.db.transaction(async (tx) => {
    if ((await tx.run(lockOwner, [tenant, personId, checkedHash])).rowCount !== 1) return notYourPassword();
    const refusal = await change(tx, now);
    if (refusal !== null) return refusal;
    await tx.run(endSessionsOf, [personId, now]);
    const opened = await openSession({ ...deps, db: tx }, who, isSecure);
    if (opened === null) throw new Error("somebody who is held cannot have changed");
    return opened;
  }, 5_000);
  if (!written.ok) return notStored(written);
  return "cookie" in written.value ? { ok: true, value: {}, cookie: written.value.cookie } : written.value;
}

function refuseWaiting({ deps, remoteAddress }: OperationContext, account: string): Refusal | null {
  const waitSec = deps.attempts.waitSec(account, remoteAddress ?? "");
  if (waitSec === 0) return null;
  const detail = `Try again in ${Math.ceil(waitSec / 60)} minutes.`;
  return { ok: false, code: "too_many_attempts", detail, retryAfterSec: waitSec };
}

async function checkPassword(
  context: OperationContext,
  account: string,
  password: string,
  stored: string | null,
): Promise<Refusal | null> {
  const { deps } = context;
  const address = context.remoteAddress ?? "";
  // Asked again and counted at once, before it is checked: many that are sent together would otherwise all be let through.
  const waiting = refuseWaiting(context, account);
  if (waiting !== null) return waiting;
  deps.attempts.failed(account, address);
  const isRight = await deps.passwords.check(password, stored);
  if (isRight === "busy") {
    deps.attempts.withdrawn(account, address);
    const detail = "Many people sign in just now. Try again in a moment.";
    return { ok: false, code: "too_many_attempts", detail, retryAfterSec: 5 };
  }
  if (!isRight) return { ok: false, code: "unauthorized", detail: WRONG_PASSWORD };
  deps.attempts.succeeded(account, address);
  return null;
}
