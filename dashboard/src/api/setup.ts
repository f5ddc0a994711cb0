import { queryOptions } from "@tanstack/react-query";
import { api } from "./api.ts";
import { collectAll } from "./collect-all.ts";

/** A provider as the gateway describes it. */
export interface ProviderRow {
  slug: string;
  name: string;
  receiverFields: string[];
  choosesSecret: boolean;
  signsUrl: boolean;
  handshake: boolean;
  handshakeNote: string;
  signedContent: string;
  eventIdFrom: string;
  dedupeKey: string;
  notCovered: string;
  toleranceSec: number | null;
  methods: string[];
  securityHeaders: string[];
  notes: string;
  sampleTypes: string[];
}

/** What came at one source over a while. Times are to the minute. */
export interface SourceTraffic {
  sourceId: string;
  recorded: number;
  duplicates: number;
  rejected: number;
  unavailable: number;
  lastRecordedAt: string | null;
  lastRejectedAt: string | null;
}

/** How the attempts at one destination went over a while. */
export interface DestinationTraffic {
  destinationId: string;
  succeeded: number;
  failed: number;
  meanLatencyMs: number | null;
  lastTriedAt: string | null;
}

/** What became of a test event. */
export interface TestEvent {
  outcome: "recorded" | "duplicate" | "rejected" | "put_off";
  eventType: string;
  eventId: string | null;
  rejectionId: string | null;
  detail: string;
}

const DAY_MINUTES = 1_440;

export const providersQuery = queryOptions({
  queryKey: ["providers"],
  queryFn: () => api.get<{ items: ProviderRow[] }>("/providers"),
  staleTime: Number.POSITIVE_INFINITY,
});

export const sourcesQuery = queryOptions({
  queryKey: ["sources"],
  queryFn: () => collectAll(api.sources.all({ limit: 200 })),
  refetchInterval: 15_000,
});

export const routesQuery = queryOptions({
  queryKey: ["routes"],
  queryFn: () => collectAll(api.routes.all({ limit: 200 })),
  refetchInterval: 30_000,
});

/** What came at each source in an hour, and in a day. */
export const sourceTrafficQuery = queryOptions({
  queryKey: ["rates", "sources"],
  queryFn: async () => {
    const [hour, day] = await Promise.all([
      api.get<{ items: SourceTraffic[] }>("/rates/sources", { minutes: 60 }),
      api.get<{ items: SourceTraffic[] }>("/rates/sources", { minutes: DAY_MINUTES }),
    ]);
    return { hour: hour.items, day: day.items };
  },
  refetchInterval: 15_000,
});

export const destinationTrafficQuery = queryOptions({
  queryKey: ["rates", "destinations"],
  queryFn: async () => {
    const [hour, day] = await Promise.all([
      api.get<{ items: DestinationTraffic[] }>("/rates/destinations", { minutes: 60 }),
      api.get<{ items: DestinationTraffic[] }>("/rates/destinations", { minutes: DAY_MINUTES }),
    ]);
    return { hour: hour.items, day: day.items };
  },
  refetchInterval: 15_000,
});

export function sendTestEvent(source: string, eventType: string): Promise<TestEvent> {
  return api.post<TestEvent>(
    `/sources/${encodeURIComponent(source)}/test-event`,
    eventType === "" ? {} : { eventType },
  );
}
