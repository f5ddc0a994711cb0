import { expect, it } from "vitest";
import { createMetrics } from "../../src/platform/metrics.ts";

it("counts nothing of replays from the start of a process on, so that their first batch is seen as an increase", async () => {
  const { replaysReplayed, replaysSkipped } = createMetrics("test");
  for (const counter of [replaysReplayed, replaysSkipped])
    expect((await counter.get()).values).toEqual([
      { labels: { subject: "events" }, value: 0 },
      { labels: { subject: "rejections" }, value: 0 },
    ]);
});
