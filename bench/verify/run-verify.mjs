// The verify bench: bare HMAC, Holdfast and the provider's library over the same requests, in alternating rounds of one process.
// Rounds are measured in processor time, so that a neighbour on the machine does not count, and judged by ratios of rounds
// that ran next to each other.
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { median } from "../ingest/figures.mjs";
import { describeMachine } from "../machine.mjs";
import { makeContenders, requestsPerPass } from "./contenders.mjs";

const RESULTS = fileURLToPath(new URL("../results/", import.meta.url));
const WAYS = ["floor", "holdfast", "sdk"];
/** Verified requests per second and core: against the bare HMAC of the same bytes, and against the provider's own library. */
const TARGETS = { floor: 0.7, sdk: 2 };

/**
 * Runs the bench, prints its table, writes its file.
 *
 * @param {{ quick: boolean, rounds?: string }} options
 * @returns {Promise<number>} exit code: 1 when a genuine request was refused or a target was missed
 */
export async function runVerify({ quick, rounds }) {
  const count = Number(rounds ?? (quick ? 3 : 15));
  if (!Number.isInteger(count) || count < 1) throw new Error("--rounds must be a whole number, at least 1");
  const roundMs = quick ? 40 : 150;
  const providers = makeContenders(new Date());
  const lines = [];
  for (const [provider, contenders] of Object.entries(providers)) {
    lines.push(await measureProvider(provider, contenders, count, roundMs));
  }
  const report = {
    bench: "verify",
    at: new Date().toISOString(),
    machine: describeMachine(),
    roundMs,
    rounds: count,
    lines,
  };
  print(report);
  mkdirSync(RESULTS, { recursive: true });
  const name = `verify-${report.at.replaceAll(/[:.]/g, "-")}.json`;
  writeFileSync(`${RESULTS}${name}`, `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(`\nWritten: bench/results/${name}\n`);
  return lines.every(({ met }) => met) ? 0 : 1;
}

async function measureProvider(provider, contenders, count, roundMs) {
  for (const way of WAYS) await measureRound(contenders[way], roundMs);
  const micros = { floor: [], holdfast: [], sdk: [] };
  for (let number = 0; number < count; number += 1) {
    for (let turn = 0; turn < WAYS.length; turn += 1) {
      const way = WAYS[(number + turn) % WAYS.length];
      micros[way].push(await measureRound(contenders[way], roundMs));
    }
  }
  const ratioTo = (way) => median(micros[way].map((each, number) => each / micros.holdfast[number]));
  const ratios = { floor: ratioTo("floor"), sdk: ratioTo("sdk") };
  return {
    provider,
    sdk: contenders.sdkName,
    microsPerRequest: Object.fromEntries(WAYS.map((way) => [way, median(micros[way])])),
    ratios,
    met: ratios.floor >= TARGETS.floor && ratios.sdk >= TARGETS.sdk,
    rounds: micros,
  };
}

/** Processor time for one request in microseconds, over whole passes of at least `roundMs` together. */
async function measureRound(pass, roundMs) {
  const began = process.cpuUsage();
  let requests = 0;
  let spentMicros = 0;
  while (spentMicros < roundMs * 1000) {
    for (let i = 0; i < 8; i += 1) {
      const accepted = await pass();
      if (accepted !== requestsPerPass)
        throw new Error(`${accepted} of ${requestsPerPass} genuine requests were accepted`);
      requests += accepted;
    }
    const { user, system } = process.cpuUsage(began);
    spentMicros = user + system;
  }
  return spentMicros / requests;
}

function print({ machine, roundMs, rounds, lines }) {
  const rate = (micros) =>
    `${Math.round(1e6 / micros)
      .toLocaleString("en")
      .padStart(9)}/s`;
  const out = [
    "",
    `Verify, one core (${machine.processor}), Node ${machine.node}, load average ${machine.loadAverage[0]}`,
    `Medians of ${rounds} rounds of ${roundMs} ms of processor time, contenders in turn; bodies of 1.1 to 1.9 KB.`,
    "",
    ...lines.map(({ provider, sdk, microsPerRequest: micros, ratios, met }) =>
      [
        provider.padEnd(18),
        `bare HMAC ${rate(micros.floor)}`,
        `holdfast ${rate(micros.holdfast)}`,
        `${sdk} ${rate(micros.sdk)}`,
        `${ratios.floor.toFixed(2)} of bare (at least ${TARGETS.floor})`,
        `${ratios.sdk.toFixed(1)}× its library (at least ${TARGETS.sdk})`,
        met ? "met" : "MISSED",
      ].join("   "),
    ),
  ];
  process.stdout.write(`${out.join("\n")}\n`);
}
