import { createHash } from "node:crypto";
import type { Context } from "hono";
import { messageOf } from "../../platform/log.ts";
import {
  findKeptAnswer,
  keepAnswer,
  releaseIdempotencyKey,
  takeIdempotencyKey,
} from "../../store/access/kept-answers.ts";
import type { AdminDeps } from "./admin-deps.ts";
import type { AdminEnv } from "./admin-env.ts";
import { answerProblem } from "./answer-problem.ts";
import type { Principal } from "./api-keys.ts";
import { actorOf } from "./record-change.ts";
import { askStore, tellStore } from "./refusal.ts";

const KEPT_MS = 86_400_000;
const FORM = /^[\x21-\x7e]{1,255}$/;

const MAY_BE_TAKEN =
  "This request did nothing; send it again. If it was the first with its Idempotency-Key, and that is then told to be under way, nothing is: use another key.";

/** One request under its Idempotency-Key: the row that stands for it. */
interface Place {
  readonly deps: AdminDeps;
  readonly row: readonly [tenant: string, principal: string, key: string];
  readonly fingerprint: Buffer;
}

/** What a request came to: its answer, and whether it may have changed something though the answer is a refusal. */
export interface Worked {
  readonly response: Response;
  readonly unknown: boolean;
}

/**
 * Does a change once for each Idempotency-Key of a caller, and answers the same to every repetition within a day. What was
 * refused changed nothing: its key is free again. Where it is not known whether the change was made, it stays taken and a
 * repetition is told so. A process that dies over it leaves its key taken, since nobody can know how far it came.
 *
 * @param body the body as it was read; a repetition must have the same one, and the same method and URL
 */
export async function answerOnce(
  c: Context<AdminEnv>,
  parts: { readonly deps: AdminDeps; readonly principal: Principal; readonly body: unknown },
  work: () => Promise<Worked>,
): Promise<Response> {
  const key = c.req.header("idempotency-key");
  const { deps, principal } = parts;
  if (key === undefined || c.req.method !== "POST" || principal.tenant === "") return (await work()).response;
  if (!FORM.test(key)) {
    const faults = [{ path: "Idempotency-Key", problem: "must be 1 to 255 visible ASCII characters" }];
    return answerProblem(c, "invalid_input", { faults });
  }
  const { pathname, search } = new URL(c.req.url);
  const print = JSON.stringify([c.req.method, pathname, search, parts.body ?? null]);
  const fingerprint = createHash("sha256").update(print).digest();
  const caller = actorOf(principal) ?? `session ${principal.sessionId ?? ""}`;
  const place: Place = { deps, row: [principal.tenant, caller, key], fingerprint };
  const now = deps.clock.now();
  const expires = new Date(now.getTime() + KEPT_MS);
  const taken = await tellStore(() => deps.db.run(takeIdempotencyKey, [...place.row, fingerprint, now, expires]));
  if (!taken.ok) return answerProblem(c, taken.code, taken.unknown === true ? { detail: MAY_BE_TAKEN } : {});
  return taken.value.rows.length === 0 ? repeatAnswer(c, place) : workAndKeep(place, work);
}

async function repeatAnswer(c: Context<AdminEnv>, { deps, row, fingerprint }: Place): Promise<Response> {
  const found = await askStore(() => deps.db.run(findKeptAnswer, row));
  if (!found.ok) return answerProblem(c, found.code);
  const kept = found.value.rows[0];
  // Gone between the two looks: the other one was refused, and this one may be sent again.
  if (kept !== undefined && !kept.request_hash.equals(fingerprint)) return answerProblem(c, "idempotency_key_reused");
  if (kept === undefined || kept.status === null || kept.sealed === null) {
    return answerProblem(c, "request_under_way", {
      detail: "Send it again in a moment. If the process that took it has died, the key stays taken for a day.",
    });
  }
  if (kept.status >= 400) {
    return answerProblem(c, "outcome_unknown", {
      detail:
        "Look whether the change was made. If it was not, send it again with another key; this one stays taken for a day.",
    });
  }
  const opened = deps.box.open(kept.sealed, bindAnswer(row));
  if (!opened.ok) {
    return answerProblem(c, "conflict", {
      detail: "The change was made; its answer was sealed with a master key that is not loaded any more.",
    });
  }
  c.header("idempotency-replayed", "true");
  c.header("content-type", "application/json");
  return c.body(new Uint8Array(opened.plain), kept.status as 200);
}

async function workAndKeep({ deps, row }: Place, work: () => Promise<Worked>): Promise<Response> {
  let worked: Worked | null = null;
  try {
    worked = await work();
    return worked.response;
  } finally {
    await settle(deps, row, worked).catch((error: unknown) => {
      deps.log.warn({ cause: messageOf(error) }, "an answer could not be kept for its Idempotency-Key");
    });
  }
}

async function settle(deps: AdminDeps, row: Place["row"], worked: Worked | null): Promise<void> {
  // What failed unexpectedly may have done a part of its work: its key stays taken.
  if (worked === null) return;
  const { response, unknown } = worked;
  if (!response.ok && !unknown) {
    await deps.db.run(releaseIdempotencyKey, row);
    return;
  }
  const answer = Buffer.from(await response.clone().arrayBuffer());
  await deps.db.run(keepAnswer, [...row, response.status, deps.box.seal(answer, bindAnswer(row))]);
}

// The answer opens for this caller and key alone, should rows be swapped in the database.
function bindAnswer(row: Place["row"]): string {
  return `holdfast/answer/${JSON.stringify(row)}`;
}
