import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import type { AdminEnv } from "./admin-env.ts";
import { API_PATH } from "./mount-operations.ts";
import type { Operation } from "./operation.ts";
import { roleFor } from "./operation.ts";
import { bodyKibMax } from "./read-body.ts";
import { takesTag } from "./version-tag.ts";

const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    id: z.string(),
    detail: z.string().optional(),
    faults: z.array(z.object({ path: z.string(), problem: z.string() })).optional(),
  })
  .openapi("Problem", {
    example: {
      type: "urn:holdfast:fault:invalid_input",
      title: "The input is not valid",
      status: 422,
      id: "01928f3e-7c00-7000-8a1b-2c3d4e5f6071",
      faults: [{ path: "destinations.billing.url", problem: "the URL must begin with https:// or http://" }],
    },
  });

const SECURITY = [{ apiKey: [] }, { session: [] }];

/** Describes the operations to the registry from which the OpenAPI document is made. */
export function documentOperations(app: OpenAPIHono<AdminEnv>, operations: readonly Operation[]): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "apiKey", {
    type: "http",
    scheme: "bearer",
    description: "An API key: hfk_…",
  });
  app.openAPIRegistry.registerComponent("securitySchemes", "session", {
    type: "apiKey",
    in: "cookie",
    name: "holdfast_session",
    description: "A browser's session; changes also need the header holdfast-dashboard: 1",
  });
  for (const operation of operations) app.openAPIRegistry.registerPath(describe(operation));
}

/** The OpenAPI 3.1 document. */
export function makeDocument(app: OpenAPIHono<AdminEnv>, version: string): object {
  return app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Holdfast admin API",
      version,
      description:
        "Everything that Holdfast has recorded and how it is configured. Lists are pages, newest first or by name; give nextCursor back as cursor. Faults are problem documents (RFC 9457).",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "/" }],
    security: SECURITY,
  });
}

type PathConfig = Parameters<OpenAPIHono<AdminEnv>["openAPIRegistry"]["registerPath"]>[0];

function describe(operation: Operation): PathConfig {
  const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  const { body } = operation;
  const schema = body === undefined ? undefined : (body.documented ?? body.schema);
  return {
    method: operation.method,
    path: `${API_PATH}${operation.path}`,
    tags: [operation.tag],
    operationId: nameOperation(operation),
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    security: roleFor(operation) === null ? [] : SECURITY,
    "x-holdfast-role": roleFor(operation) ?? "open",
    request: {
      ...describeHeaders(operation),
      ...(names.length === 0 ? {} : { params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) }),
      ...(operation.query === undefined ? {} : { query: operation.query }),
      ...(body === undefined || schema === undefined
        ? {}
        : {
            body: {
              required: body.optional !== true,
              content: {
                "application/json": { schema, ...(body.example === undefined ? {} : { example: body.example }) },
              },
            },
          }),
    },
    responses: describeAnswers(operation),
  };
}

/** Whether `answerOnce` does it once for each Idempotency-Key: a change by somebody who is known. */
function takesKey(operation: Operation): boolean {
  return operation.method === "post" && roleFor(operation) !== null;
}

function takesPrecondition({ method, path }: Operation): boolean {
  return method !== "get" && takesTag(path);
}

const KEY_HEADER = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/)
  .optional()
  .openapi({ description: "The change is made once; the same request within 24 hours gets the same answer" });
const TAG_HEADER = z.string().optional().openapi({
  description: "The ETag of what the change was made from; refused with 412 when it is another one by now",
});

function describeHeaders(operation: Operation): { headers?: z.ZodObject } {
  const headers = {
    ...(takesKey(operation) ? { "Idempotency-Key": KEY_HEADER } : {}),
    ...(takesPrecondition(operation) ? { "If-Match": TAG_HEADER } : {}),
  };
  return Object.keys(headers).length === 0 ? {} : { headers: z.object(headers) };
}

const header = (type: "string" | "integer", description: string) => ({ description, schema: { type } });
const WAIT_HEADER = { "Retry-After": header("integer", "Seconds after which it may be sent again") };

function describeAnswerHeaders(operation: Operation) {
  const headers = {
    ...(takesTag(operation.path) ? { ETag: header("string", "Stands for the configuration as it is answered") } : {}),
    ...(takesKey(operation)
      ? { "Idempotency-Replayed": header("string", "true: the answer to the first request with this key, again") }
      : {}),
  };
  return Object.keys(headers).length === 0 ? {} : { headers };
}

/** The sign-ins: who tries too often is to wait. */
const GUESSED = /^\/session(?:$|\/(?:password|oidc))/;

function describeAnswers(operation: Operation): PathConfig["responses"] {
  const problem = { "application/problem+json": { schema: problemSchema } };
  const refused = (description: string) => ({ description, content: problem });
  const { method, path, body } = operation;
  const kibMax = bodyKibMax(operation);
  return {
    [operation.status ?? 200]: {
      description: operation.summary,
      ...describeAnswerHeaders(operation),
      content: {
        [operation.stream === true ? "text/event-stream" : "application/json"]: { schema: operation.answer },
        ...(operation.file === true
          ? { "application/octet-stream": { schema: { type: "string" as const, format: "binary" } } }
          : {}),
      },
    },
    ...(body === undefined
      ? {}
      : {
          400: refused("The body is not well-formed JSON"),
          413: refused(`The body has more than ${kibMax < 1_024 ? `${kibMax} KiB` : `${kibMax / 1_024} MiB`}`),
          415: refused("The body is not sent as application/json"),
        }),
    401: refused("No valid API key or session"),
    403: refused("The key's or person's role does not reach this"),
    ...(path.includes("{") ? { 404: refused("Not found") } : {}),
    ...(method === "get" && operation.mayConflict !== true ? {} : { 409: refused("In conflict with what is") }),
    ...(takesPrecondition(operation)
      ? { 412: refused("It has been changed since the ETag in If-Match was read") }
      : {}),
    422: refused("The input is not valid; every fault is told"),
    ...(method === "post" && GUESSED.test(path)
      ? { 429: { ...refused("Too many failed tries"), headers: WAIT_HEADER } }
      : {}),
    503: { ...refused("The database did not answer in time"), headers: WAIT_HEADER },
  };
}

// `get /sources/{id}/signing-secret` becomes `getSourcesIdSigningSecret`: stable names for generated clients.
function nameOperation({ method, path }: Operation): string {
  const words = path.split(/[/{}-]/).filter((word) => word !== "");
  return method + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
}
