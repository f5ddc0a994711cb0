// What a run of the flood reports: its bars, its figures and how long it took to be well again.
import {
  countFaults,
  giveReasons,
  listRecoveries,
  listUntried,
  makeReport,
  summarize,
  verdictOf,
} from "../report/make-report.mjs";
import { identifyRules } from "../report/rules.mjs";

/** Memory after the flood may be this many times what it was before. */
export const MEMORY_RATIO_MAX = 1.3;
const IDLE_GATEWAY_MAX_MB = 120;
const IDLE_DATABASE_MAX_MB = 60;
const SAMPLES_MAX = 400;

/**
 * @param {{ options: object, run: object, verdict: import("./logs.d.ts").Verdict, nemesis: readonly object[] }} of
 * @returns {import("../report/report.d.ts").Report}
 */
export function reportKillFlood({ options, run, verdict, nemesis }) {
  const { events, kills, databaseKills, concurrency, seed, isMixed, worldRounds = 0 } = options;
  const { before, after, highest } = run.memory;
  const ratio = before.gatewayMb === null ? null : after.gatewayMb / before.gatewayMb;
  const exitCode = run.exit?.code ?? null;
  const bars = [
    // A short run has no time to settle, so it is not judged by its memory.
    ...(options.isQuick || options.worldRounds > 0 ? [] : memoryBars({ before, ratio })),
    {
      name: "SIGTERM ends with exit code 0 and takes the database along",
      value: exitCode,
      met: exitCode === 0 && run.leftRunning === 0,
    },
  ];
  const rules = identifyRules(verdict.rules);
  const recoveries = listRecoveries(nemesis);
  const name = isMixed ? "nemesis" : "kill-flood";
  return makeReport({
    proof: name,
    about: `${events} signed events, about one in ten sent again and one in a hundred forged, while the gateway is struck ${kills} times and its database ${databaseKills} times${isMixed ? `, by mixed faults${worldRounds > 0 ? `, and each fault of the world ${worldRounds} times` : ""}` : " with SIGKILL"}.`,
    repeat: `npm run proof -- ${name} --seed ${seed} --events ${events} --kills ${kills} --database-kills ${databaseKills} --concurrency ${concurrency}${isMixed ? ` --world ${worldRounds}` : ""}`,
    seeds: [seed],
    verdict: verdictOf[verdict.verdict],
    reasons: giveReasons(rules, verdict.unseen),
    faults: countFaults(nemesis),
    counts: verdict.figures,
    rules,
    bars,
    notTried: listUntried(nemesis),
    recoveryMs: Object.fromEntries(Object.entries(recoveries).map(([struck, times]) => [struck, summarize(times)])),
    details: {
      options: { events, kills, databaseKills, concurrency, isMixed: isMixed === true, worldRounds },
      recoveries,
      timing: run.timing,
      memory: { before, after, highest, ratio, calmMs: run.memory.calmMs, samples: thin(run.watch.samples) },
    },
  });
}

function memoryBars({ before, ratio }) {
  const atMost = (value, most) => (value === null ? null : value <= most);
  return [
    {
      name: `idle gateway at most ${IDLE_GATEWAY_MAX_MB} MB resident`,
      value: before.gatewayMb,
      met: atMost(before.gatewayMb, IDLE_GATEWAY_MAX_MB),
    },
    {
      name: `its idle database at most ${IDLE_DATABASE_MAX_MB} MB (PSS)`,
      value: before.databaseMb,
      met: atMost(before.databaseMb, IDLE_DATABASE_MAX_MB),
    },
    {
      name: `gateway after the flood within ${MEMORY_RATIO_MAX} times of idle`,
      value: ratio,
      met: atMost(ratio, MEMORY_RATIO_MAX),
    },
  ];
}

function thin(samples) {
  const step = Math.max(1, Math.ceil(samples.length / SAMPLES_MAX));
  return samples.filter((_, i) => i % step === 0);
}
