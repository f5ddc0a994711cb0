import type { GroupCommit, GroupCommitOptions } from "../../src/engine/group-commit.ts";
import { createGroupCommit } from "../../src/engine/group-commit.ts";
import { systemClock } from "../../src/platform/clock.ts";

type Options = GroupCommitOptions<number, number>;

/** A queue of numbers with one lane and room for a hundred in a batch, which has a minute for each. */
export function queueOfNumbers(own: Pick<Options, "run" | "onThrown">): GroupCommit<number, number> {
  return createGroupCommit<number, number>({
    lanes: 1,
    itemsMax: 100,
    bytesMax: 1_000,
    queueItemsMax: 1_000,
    queueBytesMax: 10_000,
    deadlineMs: 60_000,
    clock: systemClock,
    sizeOf: () => 1,
    keysOf: (item) => [String(item)],
    ...own,
  });
}
