import type { Replay } from "@holdfast/client";
import { queryOptions } from "@tanstack/react-query";
import { api } from "./api.ts";

/** One replay, followed for as long as something can still happen to it. */
export function replayQuery(id: string) {
  return queryOptions({
    queryKey: ["replay", id],
    queryFn: () => api.replays.get(id),
    refetchInterval: ({ state }) => refetchMs(state.data),
  });
}

// What was queued goes on being delivered after the run itself has ended.
function refetchMs(replay: Replay | undefined): number | false {
  if (replay === undefined || replay.state === "planned") return false;
  return replay.state === "running" || replay.summary.still_waiting > 0 ? 2_000 : false;
}
