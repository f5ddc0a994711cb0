import type { AuditEntry } from "@holdfast/client";
import { queryOptions } from "@tanstack/react-query";
import { api } from "./api.ts";
import { collectAll } from "./collect-all.ts";

/** One minute's counts, as /rates gives them. */
export interface RateMinute {
  at: string;
  recorded: number;
  duplicates: number;
  rejected: number;
  unavailable: number;
  succeeded: number;
  failed: number;
  latencyMs: number | null;
}

export function ratesQuery(minutes: number, of: { source?: string; destination?: string } = {}) {
  return queryOptions({
    queryKey: ["rates", minutes, of],
    queryFn: () => api.get<{ minutes: RateMinute[] }>("/rates", { minutes, ...of }),
    refetchInterval: 10_000,
  });
}

export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: () => api.status(),
  refetchInterval: 5_000,
});

/** The newest dead letters with their groups, as the overview shows them. */
export const deadLettersQuery = queryOptions({
  queryKey: ["dead-letters", "overview"],
  queryFn: () => api.deadLetters.page({ limit: 1 }),
  refetchInterval: 10_000,
});

export const loopsQuery = queryOptions({
  queryKey: ["loops", "overview"],
  queryFn: () => api.loops.page({ limit: 5 }),
  refetchInterval: 10_000,
});

export const rejectionsQuery = queryOptions({
  queryKey: ["rejections", "overview"],
  queryFn: () => api.rejections.page({ limit: 50 }),
  refetchInterval: 10_000,
});

export const destinationsQuery = queryOptions({
  queryKey: ["destinations"],
  queryFn: () => collectAll(api.destinations.all({ limit: 200 })),
  refetchInterval: 15_000,
});

export const queueQuery = queryOptions({
  queryKey: ["queue"],
  queryFn: () => api.queue(),
  refetchInterval: 5_000,
});

export const throttlesQuery = queryOptions({
  queryKey: ["throttles"],
  queryFn: () => api.throttles.show(),
  refetchInterval: 5_000,
});

export const configurationQuery = queryOptions({
  queryKey: ["configuration"],
  queryFn: () => api.configuration(),
  refetchInterval: 30_000,
});

/** The newest of what was done; for admins alone. */
export const auditQuery = queryOptions({
  queryKey: ["audit", "overview"],
  queryFn: () => api.get<{ items: AuditEntry[] }>("/audit", { limit: 30 }),
  refetchInterval: 30_000,
});
