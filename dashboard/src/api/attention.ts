import { queryOptions } from "@tanstack/react-query";
import { api } from "./api.ts";

/** What wants somebody's attention, as numbers beside the screens that show it. */
export const attentionQuery = queryOptions({
  queryKey: ["attention"],
  queryFn: async (): Promise<Record<string, number>> => {
    const [dead, loops] = await Promise.all([api.deadLetters.page({ limit: 1 }), api.loops.page({ limit: 1 })]);
    const deadCount = dead.reasons.reduce((sum, { count }) => sum + count, 0);
    return { "/dead-letters": deadCount, "/rejections": loops.items.length };
  },
  refetchInterval: 15_000,
});
