import { z } from "@hono/zod-openapi";
import { newUuid, parsePublicId, toPublicId } from "../../domain/id.ts";
import { judgePassword } from "../../domain/password-rule.ts";
import { ROLES } from "../../domain/role.ts";
import type { PersonRow } from "../../store/access/people.ts";
import { endSessionsOf, findPerson, insertPerson, listPeople, updatePerson } from "../../store/access/people.ts";
import { orUnread } from "./catalog-operations.ts";
import type { Handled, Operation, OperationContext } from "./operation.ts";
import { operation } from "./operation.ts";
import { pageOf, pageQuery, readCursor, toPage } from "./page.ts";
import { askStore, conflict, invalid, notFound, notStored, tellStore } from "./refusal.ts";

const moment = z.iso.datetime();

const personSchema = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    role: z.enum(ROLES),
    state: z.enum(["active", "disabled"]),
    hasPassword: z.boolean().openapi({ description: "False for people who come through an OpenID provider alone" }),
    issuer: z.string().nullable().openapi({ description: "The OpenID provider that they come through" }),
    createdAt: moment,
    updatedAt: moment,
    lastSeenAt: moment.nullable().openapi({ description: "To the minute" }),
  })
  .openapi("Person", {
    example: {
      id: "per_01jdaqt3k0e0080000000000zz",
      email: "ada@example.com",
      name: "Ada",
      role: "operator",
      state: "active",
      hasPassword: true,
      issuer: null,
      createdAt: "2026-11-21T18:00:00.000Z",
      updatedAt: "2026-11-21T18:00:00.000Z",
      lastSeenAt: null,
    },
  });

type Person = z.infer<typeof personSchema>;

/** An address as it is stored and compared: without case and outer spaces. */
export const emailSchema = z.string().trim().toLowerCase().max(254).pipe(z.email());

const name = z.string().trim().min(1).max(100);
const password = z.string().max(1_000).openapi({ description: "At least 12 characters; any characters are taken" });

const personInput = z.strictObject({
  email: emailSchema,
  name: name.optional().openapi({ description: "The address's first part when absent" }),
  role: z.enum(ROLES).default("viewer"),
  password,
});

const personChange = z.strictObject({
  name: name.optional(),
  role: z.enum(ROLES).optional(),
  state: z.enum(["active", "disabled"]).optional(),
  password: password.optional(),
});

function toPerson(row: PersonRow): Person {
  return {
    id: toPublicId("per", row.id),
    email: row.email,
    name: row.name,
    role: row.role,
    state: row.state,
    hasPassword: row.has_password,
    issuer: row.issuer,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    lastSeenAt: row.last_seen_at?.toISOString() ?? null,
  };
}

const EMAIL = /^[^\n\0]{3,254}$/;

async function listPage({ deps, principal }: OperationContext, query: { limit: number; cursor?: string | undefined }) {
  const start = readCursor(["people"], query.cursor, 1, EMAIL);
  if (!start.ok) return start;
  const values = [principal.tenant, start.after?.[0] ?? "", query.limit + 1];
  const read = await askStore(() => deps.db.run(listPeople, values));
  if (!read.ok) return read;
  return {
    ok: true,
    value: toPage(["people"], read.value.rows, query.limit, ({ email }) => [email], toPerson),
  } as const;
}

async function show({ deps, principal }: OperationContext, id: string): Promise<Handled<Person>> {
  const uuid = parsePublicId("per", id);
  if (uuid === null) return notFound("person", id);
  const read = await askStore(() => deps.db.run(findPerson, [principal.tenant, uuid]));
  if (!read.ok) return read;
  const row = read.value.rows[0];
  return row === undefined ? notFound("person", id) : { ok: true, value: toPerson(row) };
}

async function add(context: OperationContext, body: z.infer<typeof personInput>): Promise<Handled<Person>> {
  const { deps, principal } = context;
  const problem = judgePassword(body.password, body.email);
  if (problem !== null) return invalid({ path: "password", problem });
  const now = deps.clock.now();
  const id = newUuid(now.getTime(), 0, deps.random(8));
  const hash = await deps.passwords.hash(body.password);
  const called = body.name ?? body.email.split("@")[0]!.slice(0, 100);
  const values = [id, principal.tenant, body.email, called, body.role, hash, now];
  const made = await tellStore(() => deps.db.run(insertPerson, values));
  if (!made.ok) return made;
  if (made.value.rowCount !== 1) return conflict(`There is somebody with the address ${body.email} already.`);
  return orUnread(await show(context, toPublicId("per", id)));
}

async function change(
  context: OperationContext,
  id: string,
  body: z.infer<typeof personChange>,
): Promise<Handled<Person>> {
  const { deps, principal } = context;
  const present = await show(context, id);
  if (!present.ok || !("value" in present)) return present;
  const uuid = parsePublicId("per", id);
  if (uuid === null) return notFound("person", id);
  // Whoever takes their own rights away could not give them back, and may have locked everybody out.
  if (uuid === principal.personId && (body.state === "disabled" || (body.role ?? principal.role) !== principal.role)) {
    return conflict("This is you: somebody else has to change your role, or disable you.");
  }
  const problem = body.password === undefined ? null : judgePassword(body.password, present.value.email);
  if (problem !== null) return invalid({ path: "password", problem });
  const hash = body.password === undefined ? null : await deps.passwords.hash(body.password);
  const now = deps.clock.now();
  const values = [principal.tenant, uuid, body.name ?? null, body.role ?? null, body.state ?? null, hash, now];
  const written = await deps.db.transaction(async (tx) => {
    await tx.run(updatePerson, values);
    // A session must not outlive the password that opened it, nor the right to one (S35).
    if (hash !== null || body.state === "disabled") await tx.run(endSessionsOf, [uuid, now]);
  }, DEADLINE_MS);
  if (!written.ok) return notStored(written);
  return orUnread(await show(context, id));
}

const ownAccountSchema = z.object({
  person: personSchema
    .nullable()
    .openapi({ description: "Null for whoever came by a key, or by a link that one made" }),
});

/** The account of whoever asks. */
async function showOwn(context: OperationContext): Promise<Handled<z.infer<typeof ownAccountSchema>>> {
  const { personId } = context.principal;
  if (personId === null) return { ok: true, value: { person: null } };
  const shown = await show(context, toPublicId("per", personId));
  return shown.ok && "value" in shown ? { ok: true, value: { person: shown.value } } : shown;
}

const DEADLINE_MS = 5_000;
const tag = "People";

/** Who may sign in, and what they may do. */
export const peopleOperations: readonly Operation[] = [
  operation({
    method: "get",
    path: "/session/account",
    tag: "Access",
    access: "viewer",
    summary: "The account of whoever is signed in",
    answer: ownAccountSchema,
    handle: (context) => showOwn(context),
  }),
  operation({
    method: "get",
    path: "/people",
    tag,
    access: "admin",
    summary: "People who may sign in, by email address",
    query: z.strictObject(pageQuery),
    answer: pageOf(personSchema),
    handle: (context, { query }) => listPage(context, query),
  }),
  operation({
    method: "post",
    path: "/people",
    tag,
    access: "admin",
    summary: "Let somebody sign in with an email address and a password",
    status: 201,
    body: {
      schema: personInput,
      example: { email: "ada@example.com", name: "Ada", role: "operator", password: "a sentence of your own" },
    },
    answer: personSchema,
    handle: (context, { body }) => add(context, body),
  }),
  operation({
    method: "get",
    path: "/people/{id}",
    tag,
    access: "admin",
    summary: "One person",
    answer: personSchema,
    handle: (context, { id }) => show(context, id),
  }),
  operation({
    method: "patch",
    path: "/people/{id}",
    tag,
    access: "admin",
    summary: "Change somebody's name, role or password, or disable them",
    description: "A new password and disabling end all their sessions at once. A role counts from the next request on.",
    body: { schema: personChange, example: { role: "responder" } },
    answer: personSchema,
    handle: (context, { id, body }) => change(context, id, body),
  }),
];
