import { z } from "@hono/zod-openapi";
import type { AuditBreak, KeptAudit } from "../../domain/audit-entry.ts";
import { AUDIT_START, followChain } from "../../domain/audit-entry.ts";
import type { AuditRow } from "../../store/access/audit.ts";
import { findAuditEnd, listAudit, readChain } from "../../store/access/audit.ts";
import { readView } from "../../store/views/read-view.ts";
import type { Operation, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { pageQuery, readCursor, searchedPageOf, toPage } from "./page.ts";
import { momentInput } from "./query-moment.ts";
import { orRefusal } from "./refusal.ts";

const auditSchema = z
  .object({
    n: z.number().int().openapi({ description: "Its place in the tenant's chain, from 1 without a gap" }),
    at: z.iso.datetime({ precision: 6 }),
    actor: z.string().openapi({ description: "The key's or person's name at that time" }),
    actorId: z.string().nullable(),
    action: z.string().openapi({ description: "The operation" }),
    target: z.string().nullable(),
    detail: z.record(z.string(), z.unknown()).openapi({ description: "What was given and changed; no secret" }),
    hash: z.string().openapi({ description: "SHA-256 over this entry and the hash before it, in hex" }),
  })
  .openapi("AuditEntry", {
    example: {
      n: 17,
      at: "2026-11-21T18:00:00.123000Z",
      actor: "ci",
      actorId: "key_01jdaqt3k0e0080000000000zz",
      action: "PATCH /destinations/{id}",
      target: "destination/billing",
      detail: { given: { state: "paused" } },
      hash: "3f0a5c0e6f7b4c1d9e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e",
    },
  });

const moment = momentInput.optional();
const auditQuery = z.strictObject({
  ...pageQuery,
  actor: z.string().min(1).max(300).optional().openapi({ description: "By name or id" }),
  action: z.string().min(1).max(300).optional().openapi({ example: "DELETE /keys/{id}" }),
  target: z.string().min(1).max(300).optional(),
  from: moment,
  until: moment,
});

const PLACE = /^\d{1,15}$/;
/** How many entries one filtered look goes through; the cursor then goes on from there. */
const LOOK_ROWS_MAX = 100_000;

function toAudit(row: AuditRow): z.infer<typeof auditSchema> {
  const { n, at, actor, action, target } = row;
  return { n, at, actor, actorId: row.actor_id, action, target, detail: readDetail(row.detail), hash: hex(row.hash) };
}

// Whoever altered a row may have left no JSON; the list still has to show it.
function readDetail(text: string): Record<string, unknown> {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === "object" && read !== null) return { ...read };
  } catch {
    // Shown as it is.
  }
  return { unreadable: text.slice(0, 1_000) };
}

function hex(bytes: Buffer): string {
  return bytes.toString("hex");
}

async function listPage({ deps, principal }: OperationContext, query: z.infer<typeof auditQuery>) {
  const { limit, cursor, ...filter } = query;
  const scope = ["audit", Object.entries(filter).toSorted(([a], [b]) => (a < b ? -1 : 1))];
  const start = readCursor(scope, cursor, 1, PLACE);
  if (!start.ok) return start;
  const { tenant } = principal;
  const { actor = null, action = null, target = null, from = null, until = null } = filter;
  const read = orRefusal(
    await readView(deps.db, async (tx) => {
      const end = (await tx.run(findAuditEnd, [tenant])).rows[0]?.n ?? 0;
      const before = start.after === null ? end + 1 : Number(start.after[0]);
      const floor = Math.max(1, before - LOOK_ROWS_MAX);
      const values = [tenant, before, floor, actor, action, target, from, until, limit + 1];
      return { rows: (await tx.run(listAudit, values)).rows, floor };
    }),
  );
  if (!read.ok) return read;
  const { rows, floor } = read.value;
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  const isCut = isFiltered && floor > 1;
  const page = toPage(scope, rows, limit, ({ n }) => [String(n)], toAudit, floor > 1 ? [String(floor)] : null);
  const searched = isFiltered ? { newest: isCut ? LOOK_ROWS_MAX : null, complete: !isCut } : null;
  return { ok: true, value: { ...page, searched } } as const;
}

const verifyQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0).openapi({ description: "Begin after this entry" }),
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional()
    .openapi({ description: "The hash that entry `after` is known to have: of a page before, or kept elsewhere" }),
});

const verifySchema = z
  .object({
    intact: z.boolean(),
    entries: z.number().int().openapi({ description: "How many were computed again" }),
    last: z.object({ n: z.number().int(), hash: z.string() }).nullable().openapi({
      description:
        "The last entry that was found whole. Keep it elsewhere: a chain that was cut off does not tell by itself",
    }),
    complete: z.boolean().openapi({ description: "False when there is more: go on after `last`" }),
    broken: z
      .object({ n: z.number().int(), problem: z.enum(["missing", "altered", "unlinked"]), detail: z.string() })
      .nullable(),
  })
  .openapi("AuditVerification", {
    example: {
      intact: false,
      entries: 16,
      last: { n: 16, hash: "3f0a5c0e6f7b4c1d9e8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e" },
      complete: true,
      broken: { n: 17, problem: "altered", detail: "Entry 17 is not what was written: its hash is another." },
    },
  });

const CHAIN_ROWS = 1_000;
const CHAIN_ROWS_MAX = 50_000;

async function verify({ deps, principal }: OperationContext, query: z.infer<typeof verifyQuery>) {
  const read = orRefusal(
    await readView(deps.db, async (tx) => {
      const rowsFrom = async (n: number, limit: number) =>
        (await tx.run(readChain, [principal.tenant, n, limit])).rows.map(toKept);
      const start = await findStart(rowsFrom, query);
      if ("problem" in start) return { last: null, entries: 0, broken: start, complete: true };
      let last = start;
      for (let entries = 0; ;) {
        const rows = await rowsFrom(last.n + 1, CHAIN_ROWS);
        const followed = followChain(last, rows);
        entries += followed.last.n - last.n;
        last = followed.last;
        const isEnd = followed.broken !== null || rows.length < CHAIN_ROWS;
        if (isEnd || entries >= CHAIN_ROWS_MAX) return { last, entries, broken: followed.broken, complete: isEnd };
      }
    }),
  );
  if (!read.ok) return read;
  const { last, entries, broken, complete } = read.value;
  const shownLast = last === null || last.n === 0 ? null : { n: last.n, hash: hex(last.hash) };
  const shownBreak = broken === null ? null : { ...broken, detail: describeBreak(broken) };
  return {
    ok: true,
    value: { intact: broken === null, entries, last: shownLast, complete, broken: shownBreak },
  } as const;
}

/** Where to begin: before the first entry, or after one whose own hash holds and is the one that the caller knows. */
async function findStart(
  rowsFrom: (n: number, limit: number) => Promise<KeptAudit[]>,
  { after, hash }: z.infer<typeof verifyQuery>,
): Promise<{ n: number; hash: Buffer } | AuditBreak> {
  if (after === 0) return { n: 0, hash: AUDIT_START };
  const row = (await rowsFrom(after, 1))[0];
  if (row === undefined || row.n !== after) return { n: after, problem: "missing" };
  const own = followChain({ n: after - 1, hash: row.previousHash }, [row]).broken;
  if (own !== null) return own;
  return hash !== undefined && hex(row.hash) !== hash ? { n: after, problem: "altered" } : row;
}

function toKept(row: AuditRow): KeptAudit {
  return { ...row, actorId: row.actor_id, previousHash: row.previous_hash };
}

function describeBreak({ n, problem }: AuditBreak): string {
  if (problem === "missing") return `Entry ${n} is missing: it was taken out.`;
  if (problem === "altered") return `Entry ${n} is not what was written: its hash is another.`;
  return `Entry ${n} does not follow entry ${n - 1}: one of the two was replaced.`;
}

const tag = "Audit";

/** What was done, and whether the account of it is whole. */
export const auditOperations: readonly Operation[] = [
  operation({
    method: "get",
    path: "/audit",
    tag,
    access: "admin",
    summary: "Who changed what, newest first",
    description:
      "One entry for each change, each sign-in and each look at a signing secret. A filtered look goes through at most 100,000 entries; its cursor goes on where it ended, so a page may be short.",
    query: auditQuery,
    answer: searchedPageOf(auditSchema),
    handle: (context, { query }) => listPage(context, query),
  }),
  operation({
    method: "get",
    path: "/audit/verification",
    tag,
    access: "admin",
    summary: "Compute the audit's chain again, and name the first entry that breaks it",
    description: "At most about 50,000 entries at once; go on with the n and hash of `last` while `complete` is false.",
    query: verifyQuery,
    answer: verifySchema,
    handle: (context, { query }) => verify(context, query),
  }),
];
