import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { toPublicId } from "../../domain/id.ts";
import type { AdminDeps } from "./admin-deps.ts";
import type { AdminEnv } from "./admin-env.ts";
import { answerProblem } from "./answer-problem.ts";
import type { Handled, Operation } from "./operation.ts";
import type { Refusal } from "./refusal.ts";

/** Where the API stands. */
export const API_PATH = "/api/v1";
const BODY_BYTES_MAX = 1_048_576;

/** Serves operations: each path with its methods, and every other method on it refused by name. */
export function mountOperations(app: OpenAPIHono<AdminEnv>, deps: AdminDeps, operations: readonly Operation[]): void {
  for (const operation of operations) {
    app.on([operation.method], [toRoute(operation.path)], (c) => serve(c, deps, operation));
  }
  for (const path of new Set(operations.map((operation) => operation.path))) {
    const methods = operations.filter((operation) => operation.path === path).map(({ method }) => method.toUpperCase());
    app.all(toRoute(path), (c) => {
      c.header("allow", methods.join(", "));
      return answerProblem(c, "method_not_allowed", { detail: `Allowed are ${methods.join(", ")}.` });
    });
  }
}

function toRoute(path: string): string {
  return `${API_PATH}${path.replaceAll(/\{(\w+)\}/g, ":$1")}`;
}

async function serve(c: Context<AdminEnv>, deps: AdminDeps, operation: Operation): Promise<Response> {
  const startedMs = deps.clock.monotonicMs();
  const body = await readJson(c);
  const context = { deps, principal: c.get("principal"), requestId: c.get("requestId") };
  const query = new URL(c.req.url).searchParams;
  const place = { id: c.req.param("id") ?? "", version: c.req.param("version") ?? "" };
  const handled = body.ok ? await operation.run(context, { ...place, query, body: body.value }) : body;
  const response = answer(c, operation, handled);
  const line = {
    requestId: context.requestId,
    key: toPublicId("key", context.principal.keyId),
    tenant: context.principal.tenant,
    operation: `${operation.method.toUpperCase()} ${operation.path}`,
    status: response.status,
    durationMs: Math.round(deps.clock.monotonicMs() - startedMs),
    ...(handled.ok || handled.cause === undefined ? {} : { cause: handled.cause }),
  };
  if (response.status >= 500) deps.log.warn(line, "admin request failed");
  else if (operation.method === "get") deps.log.debug(line, "admin request");
  else deps.log.info(line, "admin request");
  return response;
}

function answer(c: Context<AdminEnv>, operation: Operation, handled: Handled<unknown>): Response {
  if (!handled.ok) {
    const { detail, faults } = handled;
    return answerProblem(c, handled.code, {
      ...(detail === undefined ? {} : { detail }),
      ...(faults === undefined ? {} : { faults }),
    });
  }
  if (!("file" in handled)) return c.json(handled.value ?? null, operation.status ?? 200);
  // Bytes from outside: saved, never shown, and without rights should a browser show them nevertheless (S38).
  return c.body(new Uint8Array(handled.file), 200, {
    "content-type": "application/octet-stream",
    "content-disposition": `attachment; filename="${handled.name}"`,
    "content-security-policy": "default-src 'none'; sandbox",
  });
}

type Json = { readonly ok: true; readonly value: unknown } | Refusal;

/** The body as JSON, or undefined when there is none. At most 1 MiB, counted while it arrives. */
async function readJson(c: Context<AdminEnv>): Promise<Json> {
  const stream = c.req.raw.body;
  if (stream === null || c.req.method === "GET" || c.req.method === "HEAD") return { ok: true, value: undefined };
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) {
      return { ok: false, code: "input_too_large", detail: `The body may have ${BODY_BYTES_MAX} bytes.` };
    }
    chunks.push(chunk);
  }
  if (size === 0) return { ok: true, value: undefined };
  const type = (c.req.header("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  // Also what keeps a foreign page's form from getting through: a form cannot send this type without a preflight.
  if (type !== "application/json") {
    return { ok: false, code: "json_required", detail: "Send it with Content-Type: application/json." };
  }
  try {
    return { ok: true, value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks))) };
  } catch {
    return { ok: false, code: "malformed_json" };
  }
}
