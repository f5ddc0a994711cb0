import { z } from "@hono/zod-openapi";
import { ROLES } from "../../domain/role.ts";

/** Who is signed in. */
export const sessionSchema = z
  .object({
    name: z.string(),
    tenant: z.string(),
    role: z.enum(ROLES),
    expiresAt: z.iso.datetime().nullable().openapi({ description: "Null for a request that carries its key" }),
  })
  .openapi("Session", {
    example: { name: "local", tenant: "default", role: "admin", expiresAt: "2026-11-28T18:00:00.000Z" },
  });
