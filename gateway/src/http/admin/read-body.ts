import type { Context } from "hono";
import type { AdminEnv } from "./admin-env.ts";
import type { Operation } from "./operation.ts";
import { roleFor } from "./operation.ts";
import type { Refusal } from "./refusal.ts";
import { invalid } from "./refusal.ts";

const BODY_KIB_MAX = 1_024;
/** Of whoever has shown nothing yet: the longest return of a provider takes half of it. */
const OPEN_BODY_KIB_MAX = 16;
/** Nothing that the API takes is nested nearly as deep, and what goes through a body by recursion has room for that. */
const LEVELS_MAX = 64;

/** How large the body of an operation may be. */
export function bodyKibMax(operation: Pick<Operation, "method" | "access">): number {
  return roleFor(operation) === null ? OPEN_BODY_KIB_MAX : BODY_KIB_MAX;
}

type Json = { readonly ok: true; readonly value: unknown } | Refusal;

/** The body as JSON, or undefined when there is none. Its size is counted while it arrives. */
export async function readBody(c: Context<AdminEnv>, operation: Operation): Promise<Json> {
  const stream = c.req.raw.body;
  if (stream === null || c.req.method === "GET" || c.req.method === "HEAD") return { ok: true, value: undefined };
  const bytesMax = bodyKibMax(operation) * 1_024;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > bytesMax) return { ok: false, code: "input_too_large", detail: `The body may have ${bytesMax} bytes.` };
    chunks.push(chunk);
  }
  if (size === 0) return { ok: true, value: undefined };
  const type = (c.req.header("content-type") ?? "").split(";")[0]!.trim().toLowerCase();
  // Also what keeps a foreign page's form from getting through: a form cannot send this type without a preflight.
  if (type !== "application/json") {
    return { ok: false, code: "json_required", detail: "Send it with Content-Type: application/json." };
  }
  return parse(Buffer.concat(chunks));
}

function parse(bytes: Uint8Array): Json {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return { ok: false, code: "malformed_json" };
  }
  if (!isDeeper(value, LEVELS_MAX)) return { ok: true, value };
  return invalid({ path: "", problem: `is nested more than ${LEVELS_MAX} levels deep` });
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
