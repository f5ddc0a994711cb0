// The table of recovery times: median and highest of the repetitions.
import { formatMs } from "../report/format.mjs";
import { giveReasons, makeReport, summarize } from "../report/make-report.mjs";
import { identifyRules } from "../report/rules.mjs";

const HEADS = ["fault", "counted from", "times", "acknowledged again", "nothing ready is old", "backlog delivered"];

/**
 * @param {{ options: { times: number, everyMs: number, only: string }, results: readonly object[], scene: object }} of
 */
export function reportRecovery({ options, results, scene: { traffic, receiver } }) {
  const lost = [...traffic.acked.keys()].filter((id) => !receiver.arrivedAt.has(id));
  const rules = identifyRules([{ name: "acked and lost", broken: lost.length, examples: lost.slice(0, 5) }]);
  const tried = results.filter(({ untried }) => untried === null);
  const late = tried
    .filter(({ runs }) => runs.some((run) => Object.values(run).includes(null)))
    .map(({ fault }) => `${fault.name}: not recovered from within the time`);
  const { times, everyMs, only } = options;
  return makeReport({
    proof: "recovery",
    about: `An event every ${everyMs} ms while each fault strikes ${times} times. From the fault healed until an event is acknowledged again, until nothing that is ready is older than a second, and until what was acknowledged before has been delivered: median and highest.`,
    repeat: `npm run proof -- recovery --times ${times}${only === "" ? "" : ` --only "${only}"`}`,
    seeds: [],
    verdict: lost.length > 0 ? "false" : late.length > 0 ? "unknown" : "true",
    reasons: [...giveReasons(rules, []), ...late],
    faults: Object.fromEntries(tried.map(({ fault, runs }) => [fault.name, runs.length])),
    counts: {
      acked: traffic.acked.size,
      arrivals: receiver.arrivedAt.size + receiver.again(),
      redeliveries: receiver.again(),
    },
    rules,
    bars: [],
    recoveryMs: Object.fromEntries(
      tried.map(({ fault, runs }) => [fault.name, summarize(pick(runs, "ackedMs"))]).filter(([, sum]) => sum !== null),
    ),
    tables: [{ title: "From healed to normal: median (highest)", rows: [HEADS, ...tried.map(toRow)] }],
    notTried: results
      .filter(({ untried }) => untried !== null)
      .map(({ fault, untried }) => `${fault.name}: ${untried}`),
    details: { runs: Object.fromEntries(tried.map(({ fault, runs }) => [fault.name, runs])) },
  });
}

const pick = (runs, name) => runs.map((run) => run[name]).filter((ms) => ms !== null);

function toRow({ fault, runs }) {
  const shown = (name) => {
    const sum = summarize(pick(runs, name));
    return sum === null ? "never" : `${formatMs(sum.median)} (${formatMs(sum.highest)})`;
  };
  return [fault.name, fault.from, runs.length, shown("ackedMs"), shown("freshMs"), shown("clearMs")];
}
