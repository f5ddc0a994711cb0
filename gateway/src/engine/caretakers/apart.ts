import type { Clock } from "../../platform/clock.ts";
import type { Log } from "../../platform/log.ts";
import { messageOf } from "../../platform/log.ts";
import { isConnectionLost } from "../../store/database.ts";

/** Does one kind of work for each destination apart, so that one at which it fails holds up no other. */
export interface Apart {
  /** Null: it has failed, or rests from the last time. Throws when the connection is lost: it would fail for each of them then. */
  run<T>(destinationId: string, work: () => Promise<T>): Promise<T | null>;
  /** Writes down what has failed since it was last asked to: one line, however many. */
  report(nameOf: (destinationId: string) => string): void;
}

/** How many times as long as it took it rests. */
const TIMES = 10;
/** A failure may be quick, and is tried and told a few times a minute at most all the same. */
const FAILED_MS_MIN = 1_000;
/** How long it took says nothing of a destination when the connection was lost meanwhile. */
const LOST_MS_MAX = 10_000;
const SHOWN_MAX = 20;

/**
 * @param text what a failure is called in the log
 * @param isCostly whether it also rests after it was done, so that it takes a part of the time
 */
export function createApart(
  deps: { readonly clock: Pick<Clock, "monotonicMs">; readonly log: Log },
  { text, isCostly }: { readonly text: string; readonly isCostly: boolean },
): Apart {
  const notBefore = new Map<string, number>();
  let failed: { readonly id: string; readonly error: string }[] = [];
  const rest = (destinationId: string, ms: number): void => {
    if (ms > 0) notBefore.set(destinationId, deps.clock.monotonicMs() + ms);
    else notBefore.delete(destinationId);
  };
  return {
    run: async (destinationId, work) => {
      const startMs = deps.clock.monotonicMs();
      if (startMs < (notBefore.get(destinationId) ?? -Infinity)) return null;
      const restMs = (): number => (deps.clock.monotonicMs() - startMs) * TIMES;
      try {
        const done = await work();
        rest(destinationId, isCostly ? restMs() : 0);
        return done;
      } catch (error) {
        if (isConnectionLost(error)) {
          // Also what took longer than it may, and would be first to end the next round as well.
          rest(destinationId, Math.min(restMs(), LOST_MS_MAX));
          throw error;
        }
        rest(destinationId, Math.max(restMs(), FAILED_MS_MIN));
        failed.push({ id: destinationId, error: messageOf(error) });
        return null;
      }
    },
    report: (nameOf) => {
      const [first] = failed;
      if (first === undefined) return;
      const destinations = failed.slice(0, SHOWN_MAX).map(({ id }) => nameOf(id));
      deps.log.warn({ destinations, failed: failed.length, error: first.error }, text);
      failed = [];
    },
  };
}
