import type { z } from "@hono/zod-openapi";
import { expectTypeOf, test } from "vitest";
import type { destinationSchema, routeSchema, sourceSchema } from "../../gateway/src/http/admin/catalog-shape.ts";
import type {
  answeredAttemptSchema,
  attemptSchema,
  deliveryDetailSchema,
  deliverySchema,
} from "../../gateway/src/http/admin/delivery-shape.ts";
import type { eventDetailSchema, eventSchema, rawRequestSchema } from "../../gateway/src/http/admin/event-shape.ts";
import type {
  Attempt,
  AttemptSummary,
  DeliveryDetail,
  DeliverySummary,
  EventDetail,
  EventSummary,
  RawRequest,
} from "../src/api-shapes.ts";
import type { Destination, Route, Source } from "../src/configured-shapes.ts";

// Checked by the compiler: a field that the server renames or drops fails `npm run check`.
test("what the admin API sends has the shapes that the client promises", () => {
  expectTypeOf<z.infer<typeof sourceSchema>>().toExtend<Source>();
  expectTypeOf<z.infer<typeof destinationSchema>>().toExtend<Destination>();
  expectTypeOf<z.infer<typeof routeSchema>>().toExtend<Route>();
  expectTypeOf<z.infer<typeof deliverySchema>>().toExtend<DeliverySummary>();
  expectTypeOf<z.infer<typeof deliveryDetailSchema>>().toExtend<DeliveryDetail>();
  expectTypeOf<z.infer<typeof attemptSchema>>().toExtend<AttemptSummary>();
  expectTypeOf<z.infer<typeof answeredAttemptSchema>>().toExtend<Attempt>();
  expectTypeOf<z.infer<typeof eventSchema>>().toExtend<EventSummary>();
  expectTypeOf<z.infer<typeof eventDetailSchema>>().toExtend<EventDetail>();
  expectTypeOf<z.infer<typeof rawRequestSchema>>().toExtend<RawRequest>();
});
