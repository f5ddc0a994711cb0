import { z } from "@hono/zod-openapi";
import type { Operation } from "./operation.ts";
import { operation } from "./operation.ts";

const settingsSchema = z
  .object({
    version: z.string(),
    settings: z.record(z.string(), z.unknown()).openapi({
      description: "As this process was started; secrets are hidden and passwords cut out of URLs",
    }),
  })
  .openapi("Settings", {
    example: { version: "0.1.0", settings: { port: 4400, roles: ["ingest", "worker", "admin"] } },
  });

/** How the process was started. */
export const settingsOperations: readonly Operation[] = [
  operation({
    method: "get",
    path: "/settings",
    tag: "Standing",
    access: "operator",
    summary: "The settings that this process was started with, without secrets",
    answer: settingsSchema,
    handle: ({ deps }) =>
      Promise.resolve({ ok: true, value: { version: deps.version, settings: { ...deps.settings } } }),
  }),
];
