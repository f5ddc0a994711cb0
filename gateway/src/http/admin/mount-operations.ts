import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Catalog } from "../../domain/catalog.ts";
import { toPublicId } from "../../domain/id.ts";
import type { AdminDeps } from "./admin-deps.ts";
import type { AdminEnv } from "./admin-env.ts";
import type { Worked } from "./answer-once.ts";
import { answerOnce } from "./answer-once.ts";
import { answerProblem } from "./answer-problem.ts";
import { includesRole } from "../../domain/role.ts";
import type { Principal } from "./api-keys.ts";
import { holdCatalog } from "./catalog-operations.ts";
import { authenticate, isByTls } from "./guard-request.ts";
import type { Handled, Operation } from "./operation.ts";
import { roleFor } from "./operation.ts";
import { readBody } from "./read-body.ts";
import { runOperation } from "./run-operation.ts";
import { holdAgainst, tagOf, takesTag } from "./version-tag.ts";

/** Where the API stands. */
export const API_PATH = "/api/v1";
const STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  // A proxy that gathers before it passes on would hold events back.
  "x-accel-buffering": "no",
};

/** Serves operations: each path with its methods, and every other method on it refused by name. */
export function mountOperations(app: OpenAPIHono<AdminEnv>, deps: AdminDeps, operations: readonly Operation[]): void {
  const guard = authenticate(deps);
  for (const operation of operations) {
    const route = toRoute(operation.path);
    const { method } = operation;
    if (roleFor(operation) === null) app.on([method], [route], (c) => serve(c, deps, operation));
    else app.on([method], [route], guard, (c) => serve(c, deps, operation));
  }
  for (const path of new Set(operations.map((operation) => operation.path))) {
    const methods = operations.filter((operation) => operation.path === path).map(({ method }) => method.toUpperCase());
    app.all(toRoute(path), guard, (c) => {
      c.header("allow", methods.join(", "));
      return answerProblem(c, "method_not_allowed", { detail: `Allowed are ${methods.join(", ")}.` });
    });
  }
}

function toRoute(path: string): string {
  return `${API_PATH}${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
}

async function serve(c: Context<AdminEnv>, deps: AdminDeps, operation: Operation): Promise<Response> {
  const principal = c.get("principal") ?? NOBODY;
  const role = roleFor(operation);
  if (role !== null && !includesRole(principal.role, role)) {
    deps.log.warn(
      { requestId: c.get("requestId"), by: nameOf(principal), needs: role },
      "a request went beyond its role",
    );
    const detail = `This needs the role ${role}; ${principal.name} has the role ${principal.role}.`;
    return answerProblem(c, "forbidden", { detail });
  }
  const body = await readBody(c, operation);
  if (!body.ok) return answer(c, operation, body);
  return answerOnce(c, { deps, principal, body: body.value }, () => work(c, deps, operation, body.value));
}

/** Runs the operation, answers and logs. */
async function work(c: Context<AdminEnv>, deps: AdminDeps, operation: Operation, body: unknown): Promise<Worked> {
  const startedMs = deps.clock.monotonicMs();
  const principal = c.get("principal") ?? NOBODY;
  const isSecure = isByTls(c, deps);
  const cookies = c.req.header("cookie");
  const remoteAddress = c.env?.incoming?.socket.remoteAddress ?? null;
  const lastEventId = c.req.header("last-event-id") ?? null;
  const catalog = takesTag(operation.path) ? holdCatalog(deps.catalog) : deps.catalog;
  const context = {
    deps: { ...deps, catalog },
    principal,
    requestId: c.get("requestId"),
    isSecure,
    remoteAddress,
    lastEventId,
    cookies,
  };
  const query = new URL(c.req.url).searchParams;
  const raw = { id: c.req.param("id") ?? "", version: c.req.param("version") ?? "", query, body };
  const ifMatch = operation.method === "get" ? undefined : c.req.header("if-match");
  const handled: Handled<unknown> =
    ifMatch !== undefined && !takesTag(operation.path)
      ? { ok: false, code: "precondition_failed", detail: "This has no ETag; send it without If-Match." }
      : await runOperation(operation, context, raw, holdAgainst(ifMatch, principal.tenant, operation.path, raw.id));
  if (handled.ok) showTag(c, catalog.current(), operation, { tenant: principal.tenant, id: raw.id });
  const response = answer(c, operation, handled);
  const line = {
    requestId: context.requestId,
    by: nameOf(principal),
    tenant: principal.tenant,
    operation: `${operation.method.toUpperCase()} ${operation.path}`,
    status: response.status,
    durationMs: Math.round(deps.clock.monotonicMs() - startedMs),
    ...(handled.ok || handled.cause === undefined ? {} : { cause: handled.cause }),
  };
  if (response.status >= 500) deps.log.warn(line, "admin request failed");
  else if (operation.method === "get") deps.log.debug(line, "admin request");
  else deps.log.info(line, "admin request");
  return { response, unknown: !handled.ok && handled.unknown === true };
}

function showTag(
  c: Context<AdminEnv>,
  catalog: Catalog,
  { path }: Operation,
  { tenant, id }: { readonly tenant: string; readonly id: string },
): void {
  if (!takesTag(path)) return;
  const tag = tagOf(catalog, tenant, path, id);
  if (tag !== null) c.header("etag", tag);
}

// Who asks at an open operation: nobody yet, and with no tenant whose data it could see.
const NOBODY: Principal = {
  tenant: "",
  role: "viewer",
  name: "nobody",
  keyId: null,
  personId: null,
  expiresAt: null,
  sessionId: null,
};

/** Who it was, for the log: a key's public id, or the name of whoever signed in. */
function nameOf({ keyId, name }: Principal): string {
  return keyId === null ? name : toPublicId("key", keyId);
}

function answer(c: Context<AdminEnv>, operation: Operation, handled: Handled<unknown>): Response {
  if (!handled.ok) {
    const { detail, faults, retryAfterSec } = handled;
    if (retryAfterSec !== undefined) c.header("retry-after", String(retryAfterSec));
    return answerProblem(c, handled.code, {
      ...(detail === undefined ? {} : { detail }),
      ...(faults === undefined ? {} : { faults }),
    });
  }
  if ("cookie" in handled && handled.cookie !== undefined) c.header("set-cookie", handled.cookie);
  if ("stream" in handled) {
    if (c.req.method !== "HEAD") return c.body(handled.stream, 200, STREAM_HEADERS);
    // Its body goes to nobody: what stands behind the stream would wait for a reader until it ends by itself.
    void handled.stream.cancel();
    return c.body(null, 200, STREAM_HEADERS);
  }
  if (!("file" in handled)) return c.json(handled.value ?? null, operation.status ?? 200);
  // Bytes from outside: saved, never shown, and without rights should a browser show them nevertheless (S38).
  return c.body(new Uint8Array(handled.file), 200, {
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename="${handled.name}"`,
    "content-security-policy": "default-src 'none'; sandbox",
  });
}
