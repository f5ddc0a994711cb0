import { z } from "@hono/zod-openapi";

/** A moment as it is asked by: RFC 3339 with a zone, whole to the day and the hour. */
export const momentInput = z.iso.datetime({
  offset: true,
  error: "must be a moment with a zone, such as 2026-11-22T18:00:00Z",
});
