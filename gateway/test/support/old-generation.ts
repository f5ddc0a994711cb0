import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { REQUESTS_STAY_YOUNG } from "../../src/cli/keep-memory-low.ts";

setFlagsFromString("--expose-gc");
// As in a process of our own; what V8 decides of itself would be measured, by chance.
setFlagsFromString(REQUESTS_STAY_YOUNG);
const collect = runInNewContext("gc") as () => void;

/** What only a collection of the whole heap takes back. */
function oldBytes(): number {
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => !name.startsWith("new_"));
  return spaces.reduce((sum, { space_used_size: used }) => sum + used, 0);
}

/**
 * How many bytes each pass leaves in the old generation, when as many have gone before and the whole heap has been collected: what they
 * work with is old then, as it is in a process that has served for a while.
 *
 * @param pass many times the same
 */
export async function measureLeft(times: number, pass: () => void | Promise<void>): Promise<number> {
  const passAll = async (): Promise<void> => {
    for (let i = 0; i < times; i++) {
      const passing = pass();
      // To wait where nothing waits would be measured as well.
      if (passing !== undefined) await passing;
    }
  };
  await passAll();
  collect();
  const before = oldBytes();
  await passAll();
  return (oldBytes() - before) / times;
}
