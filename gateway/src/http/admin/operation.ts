import { z } from "@hono/zod-openapi";
import type { FieldFault } from "../../domain/field-checks.ts";
import type { Role } from "../../domain/role.ts";
import type { AdminDeps } from "./admin-deps.ts";
import type { Principal } from "./api-keys.ts";
import type { Refusal } from "./refusal.ts";

/** What came of a request: a JSON value, bytes to be saved as a file, server-sent events, or a refusal. */
export type Handled<A> =
  | {
      readonly ok: true;
      readonly value: A;
      /** Set-Cookie. */
      readonly cookie?: string;
      /** Who it was, where the request itself did not say: somebody who has just signed in. */
      readonly by?: Pick<Principal, "tenant" | "name" | "keyId" | "personId">;
    }
  | { readonly ok: true; readonly file: Uint8Array; readonly name: string }
  | { readonly ok: true; readonly stream: ReadableStream<Uint8Array> }
  | Refusal;

export interface OperationContext {
  readonly deps: AdminDeps;
  readonly principal: Principal;
  readonly requestId: string;
  /** The browser speaks TLS to us or to a proxy in front of us. */
  readonly isSecure: boolean;
  /** Null when the API is called without a connection. */
  readonly remoteAddress: string | null;
  /** Last-Event-ID: where a stream of events was when it broke off. */
  readonly lastEventId: string | null;
  /** The request's cookies, as they came. */
  readonly cookies: string | undefined;
}

export interface OperationInput<Q, B> {
  /** What stands for `{id}` in the path; empty where the path has none. */
  readonly id: string;
  /** What stands for `{version}` in the path; empty where the path has none. */
  readonly version: string;
  readonly query: Q;
  readonly body: B;
}

/** One operation of the API: its place, its documentation, and what it does. */
export interface OperationSpec<Q, B, A> {
  readonly method: "get" | "post" | "patch" | "delete";
  /** Below /api/v1, e.g. `/sources/{id}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** The least role that may ask; by default a viewer may look and an operator may change. `open` asks for none. */
  readonly access?: Role | "open";
  readonly description?: string;
  readonly query?: z.ZodObject & z.ZodType<Q>;
  readonly body?: {
    readonly schema: z.ZodType<B>;
    /** What the documentation shows, where the operation checks the body itself so that it can tell more. */
    readonly documented?: z.ZodType;
    readonly example?: unknown;
    readonly optional?: boolean;
  };
  readonly status?: 200 | 201;
  readonly answer: z.ZodType<A>;
  /** The answer may also be bytes. */
  readonly file?: boolean;
  /** The answer is server-sent events; `answer` is what stands in the data of each. */
  readonly stream?: boolean;
  /** A look that may be refused with 409, as every change may. */
  readonly mayConflict?: boolean;
  /** Looking at it leaves an audit entry, as every change does. */
  readonly isLookKept?: boolean;
  /** Whether the answer is that of a change; without it each answer is. A preview leaves no audit entry. */
  hasChanged?(answer: A): boolean;
  handle(context: OperationContext, input: OperationInput<Q, B>): Promise<Handled<A>>;
}

/** An operation whose types are closed over: what came is read, then handled. */
export interface Operation extends Omit<OperationSpec<unknown, unknown, unknown>, "handle" | "query"> {
  readonly query?: z.ZodObject;
  run(
    context: OperationContext,
    raw: { readonly id: string; readonly version: string; readonly query: URLSearchParams; readonly body: unknown },
  ): Promise<Handled<unknown>>;
}

/** The role that an operation asks for, or null where it is open. */
export function roleFor({ method, access }: Pick<Operation, "method" | "access">): Role | null {
  if (access === "open") return null;
  return access ?? (method === "get" ? "viewer" : "operator");
}

/** Makes an operation. Query and body are checked whole, and every fault is told at once with its path. */
export function operation<Q, B, A>(spec: OperationSpec<Q, B, A>): Operation {
  const { handle, ...shown } = spec;
  return {
    ...shown,
    run: async (context, raw) => {
      const faults: FieldFault[] = [];
      const query = readQuery(spec.query, raw.query, faults);
      const body = readBody(spec.body, raw.body, faults);
      if (faults.length > 0) return { ok: false, code: "invalid_input", faults };
      // Both were read by the schemas that these types come from; what has no schema is never looked at.
      return handle(context, { id: raw.id, version: raw.version, query: query as Q, body: body as B });
    },
  };
}

function readQuery(schema: z.ZodObject | undefined, query: URLSearchParams, faults: FieldFault[]): unknown {
  const given: Record<string, string> = {};
  for (const name of new Set(query.keys())) {
    if (query.getAll(name).length > 1) faults.push({ path: name, problem: "is given more than once" });
    given[name] = query.get(name) ?? "";
  }
  if (faults.length === 0) refuseNul(given, faults);
  return parse(schema ?? z.strictObject({}), given, faults);
}

function readBody(
  spec: OperationSpec<unknown, unknown, unknown>["body"],
  body: unknown,
  faults: FieldFault[],
): unknown {
  if (spec === undefined) {
    if (body !== undefined) faults.push({ path: "", problem: "this request takes no body" });
    return undefined;
  }
  if (body === undefined && spec.optional !== true) {
    faults.push({ path: "", problem: "a JSON body is needed" });
    return undefined;
  }
  if (typeof body === "object" && body !== null && faults.length === 0) refuseNul(body, faults);
  return parse(spec.schema, body === undefined ? {} : body, faults);
}

interface Step {
  readonly above: Step | null;
  readonly key: PropertyKey;
  readonly value: unknown;
}

// PostgreSQL has no text with a NUL.
function refuseNul(given: object, faults: FieldFault[]): void {
  const left: Step[] = stepsOf(given, null);
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { value } = next;
    // One by one: as arguments of one call, the items of a long list go beyond the stack.
    if (typeof value === "object" && value !== null) for (const step of stepsOf(value, next)) left.push(step);
    else if (typeof value === "string" && value.includes("\0"))
      faults.push({ path: pathOf(next), problem: "holds a NUL character, which cannot be stored" });
    if (faults.length > 0) return;
  }
}

function stepsOf(value: object, above: Step | null): Step[] {
  const isList = Array.isArray(value);
  return Object.entries(value).map(([key, inner]) => ({ above, key: isList ? Number(key) : key, value: inner }));
}

const STEPS_SHOWN_MAX = 20;

function pathOf(last: Step): string {
  const keys: PropertyKey[] = [];
  for (let step: Step | null = last; step !== null && keys.length < STEPS_SHOWN_MAX; step = step.above)
    keys.unshift(step.key);
  return toPath(keys);
}

function parse(schema: z.ZodType, input: unknown, faults: FieldFault[]): unknown {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) for (const fault of toFaults(issue)) faults.push(fault);
  return undefined;
}

function toFaults(issue: z.core.$ZodIssue): FieldFault[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: toPath([...issue.path, key]), problem: "is not a known field" }));
  }
  return [{ path: toPath(issue.path), problem: issue.message }];
}

function toPath(steps: readonly PropertyKey[]): string {
  return steps
    .map((step, i) => (typeof step === "number" ? `[${step}]` : `${i > 0 ? "." : ""}${String(step)}`))
    .join("");
}
