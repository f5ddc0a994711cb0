import { expect, it } from "vitest";
import { queueOfNumbers } from "../support/queue-of-numbers.ts";

it("work that throws is tried item by item: the one that makes it throw fails, its neighbours go through", async () => {
  const thrown: unknown[] = [];
  const queue = queueOfNumbers({
    run: async (ids) => {
      if (ids.includes(2)) throw new TypeError("it cannot be worked on");
      return { ok: true, value: ids };
    },
    onThrown: (error) => void thrown.push(error),
  });
  expect(await Promise.all([1, 2, 3].map((id) => queue.submit(id)))).toEqual([
    { ok: true, value: 1 },
    { ok: false, cause: "database" },
    { ok: true, value: 3 },
  ]);
  expect(thrown.length).toBe(2);
  await queue.drain();
});
