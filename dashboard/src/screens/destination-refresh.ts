import { useQueryClient } from "@tanstack/react-query";

/** Has every screen of destinations read anew. */
export function useRefresh(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await client.invalidateQueries({ queryKey: ["destination"] });
    await client.invalidateQueries({ queryKey: ["destinations"] });
  };
}
