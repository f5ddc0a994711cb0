// One side of the queue bench, in a process of its own: does what the bench says, and tells how long it took.
const POLL_MS = 5;

/**
 * Answers `fill`, `drain` and `close`. What is counted is the time from the first one handled until nothing is left: being
 * handled is not enough, it must stand in the store that it is done.
 *
 * @param {object} queue
 * @param {(count: number) => Promise<void>} queue.fill
 * @param {(onHandled: () => void) => Promise<() => Promise<void>>} queue.start starts handling, gives what stops it
 * @param {() => Promise<boolean>} queue.isEmpty whether nothing waits, is under way, or is to be tried again
 * @param {() => Promise<void>} queue.close
 * @param {string} queue.what how it is set, for the report
 */
export function serveSide(queue) {
  process.on("message", (order) => {
    obey(queue, order).then(
      (result) => say({ kind: "done", result }),
      (error) => say({ kind: "failed", text: error.stack ?? String(error) }),
    );
  });
  process.send({ kind: "ready", what: queue.what });
}

function say(words) {
  if (process.connected) process.send(words);
}

async function obey(queue, { order, count }) {
  switch (order) {
    case "fill":
      return queue.fill(count);
    case "drain":
      return drain(queue, count);
    case "close":
      await queue.close();
      return process.disconnect();
    default:
      throw new Error(`no order ${order}`);
  }
}

async function drain(queue, count) {
  const state = { handled: 0, firstMs: 0, reached: () => {} };
  const handledAll = new Promise((resolve) => {
    state.reached = resolve;
  });
  const stop = await queue.start(() => {
    if (state.handled === 0) state.firstMs = performance.now();
    if (++state.handled === count) state.reached();
  });
  await handledAll;
  const handledMs = performance.now();
  while (!(await queue.isEmpty())) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  const endMs = performance.now();
  await stop();
  return { handled: state.handled, elapsedMs: endMs - state.firstMs, afterLastMs: endMs - handledMs };
}
