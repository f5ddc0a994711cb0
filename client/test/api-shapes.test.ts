import { expectTypeOf, test } from "vitest";
import type { destinationSchema, routeSchema, sourceSchema } from "../../gateway/src/http/admin/catalog-shape.ts";
import type {
  answeredAttemptSchema,
  attemptSchema,
  deliveryDetailSchema,
  deliverySchema,
} from "../../gateway/src/http/admin/delivery-shape.ts";
import type { loopSchema } from "../../gateway/src/http/admin/loops.ts";
import type {
  reconciliationEntrySchema,
  reconciliationRunSchema,
  reconciliationSchema,
} from "../../gateway/src/http/admin/reconciliation-shape.ts";
import type { overloadSchema } from "../../gateway/src/http/admin/overload-shape.ts";
import type { throttleSchema, throttlesSchema } from "../../gateway/src/http/admin/throttles.ts";
import type { ratesSchema } from "../../gateway/src/http/admin/rates.ts";
import type { providerSchema } from "../../gateway/src/http/admin/providers.ts";
import type { answerSchema as testEventSchema } from "../../gateway/src/http/admin/test-events.ts";
import type { destinationTrafficSchema, sourceTrafficSchema } from "../../gateway/src/http/admin/traffic.ts";
import type { replaySchema } from "../../gateway/src/http/admin/replay-shape.ts";
import type { resealedSchema } from "../../gateway/src/http/admin/reseal.ts";
import type { secretListSchema, secretSchema } from "../../gateway/src/http/admin/secret-shape.ts";
import type { eventDetailSchema, eventSchema, rawRequestSchema } from "../../gateway/src/http/admin/event-shape.ts";
import type {
  Attempt,
  AttemptSummary,
  DeliveryDetail,
  DeliverySummary,
  EventDetail,
  EventSummary,
  RawRequest,
  RetryLoop,
} from "../src/api-shapes.ts";
import type {
  Destination,
  ProviderRow,
  Resealed,
  Route,
  SecretVersionDetail,
  SecretVersions,
  Source,
  TestEvent,
} from "../src/configured-shapes.ts";
import type { DestinationTraffic, RateMinute, SourceTraffic } from "../src/rate-shapes.ts";
import type { Overload, Throttle, Throttles } from "../src/throttle-shapes.ts";

import type { Replay } from "../src/recovery-shapes.ts";
import type { Reconciliation, ReconciliationEntry, ReconciliationRun } from "../src/reconciliation-shapes.ts";

/** What a zod schema lets through. */
type Sent<S extends { _zod: { output: unknown } }> = S["_zod"]["output"];

// Checked by the compiler: a field that the server renames or drops fails `npm run check`.
test("what the admin API sends has the shapes that the client promises", () => {
  expectTypeOf<Sent<typeof sourceSchema>>().toExtend<Source>();
  expectTypeOf<Sent<typeof providerSchema>>().toExtend<ProviderRow>();
  expectTypeOf<Sent<typeof testEventSchema>>().toExtend<TestEvent>();
  expectTypeOf<Sent<typeof ratesSchema>>().toExtend<{ minutes: RateMinute[] }>();
  expectTypeOf<Sent<typeof sourceTrafficSchema>>().toExtend<{ from: string; items: SourceTraffic[] }>();
  expectTypeOf<Sent<typeof destinationTrafficSchema>>().toExtend<{ from: string; items: DestinationTraffic[] }>();
  expectTypeOf<Sent<typeof destinationSchema>>().toExtend<Destination>();
  expectTypeOf<Sent<typeof routeSchema>>().toExtend<Route>();
  expectTypeOf<Sent<typeof deliverySchema>>().toExtend<DeliverySummary>();
  expectTypeOf<Sent<typeof deliveryDetailSchema>>().toExtend<DeliveryDetail>();
  expectTypeOf<Sent<typeof attemptSchema>>().toExtend<AttemptSummary>();
  expectTypeOf<Sent<typeof answeredAttemptSchema>>().toExtend<Attempt>();
  expectTypeOf<Sent<typeof eventSchema>>().toExtend<EventSummary>();
  expectTypeOf<Sent<typeof eventDetailSchema>>().toExtend<EventDetail>();
  expectTypeOf<Sent<typeof secretSchema>>().toExtend<SecretVersionDetail>();
  expectTypeOf<Sent<typeof secretListSchema>>().toExtend<SecretVersions>();
  expectTypeOf<Sent<typeof resealedSchema>>().toExtend<Resealed>();
  expectTypeOf<Sent<typeof loopSchema>>().toExtend<RetryLoop>();
  expectTypeOf<Sent<typeof overloadSchema>>().toExtend<Overload>();
  expectTypeOf<Sent<typeof throttleSchema>>().toExtend<Throttle>();
  expectTypeOf<Sent<typeof throttlesSchema>>().toExtend<Throttles>();
  expectTypeOf<Sent<typeof reconciliationSchema>>().toExtend<Reconciliation>();
  expectTypeOf<Sent<typeof reconciliationRunSchema>>().toExtend<ReconciliationRun>();
  expectTypeOf<Sent<typeof reconciliationEntrySchema>>().toExtend<ReconciliationEntry>();
  expectTypeOf<Sent<typeof replaySchema>>().toExtend<Replay>();
  expectTypeOf<Sent<typeof rawRequestSchema>>().toExtend<RawRequest>();
});
