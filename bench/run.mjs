// The door of `npm run bench`: one word names the bench, the rest are its options.
import { parseArgs } from "node:util";

const BENCHES = {
  ingest: {
    summary:
      "requests a second to a durable answer: Holdfast beside a bare server and the usual recipe (about 2 minutes)",
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      seconds: { type: "string" },
      redis: { type: "string", default: "redis-server" },
      only: { type: "string" },
      "node-args": { type: "string", default: "" },
    },
    load: async () => (await import("./ingest/run-ingest.mjs")).runIngest,
  },
  fairness: {
    summary: "what a lane that floods does to a hundred quiet ones, and 100,000 low to one critical (about 10 minutes)",
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      flood: { type: "string" },
      low: { type: "string" },
      seconds: { type: "string" },
    },
    load: async () => (await import("./fairness/run-fairness.mjs")).runFairness,
  },
  replay: {
    summary: "what a replay of 100,000 events costs live traffic (about 20 minutes)",
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      events: { type: "string" },
      seconds: { type: "string" },
      rate: { type: "string" },
    },
    load: async () => (await import("./replay/run-replay.mjs")).runReplay,
  },
  "slow-destination": {
    summary: "what a destination that answers after 30 s, with 200,000 waiting, costs the others (about 10 minutes)",
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      waiting: { type: "string" },
      events: { type: "string" },
      seconds: { type: "string" },
    },
    load: async () => (await import("./slow-destination/run-slow-destination.mjs")).runSlowDestination,
  },
  overload: {
    summary:
      "three times the capacity for a minute: who is accepted, memory, drain, nothing acked lost (about 3 minutes)",
    options: {
      quick: { type: "boolean", default: false },
      factor: { type: "string", default: "3" },
      seconds: { type: "string" },
      connections: { type: "string" },
      rate: { type: "string" },
    },
    load: async () => (await import("./overload/run-overload.mjs")).runOverload,
  },
  verify: {
    summary: "verified requests a second and core: Holdfast beside bare HMAC and the providers' own libraries (20 s)",
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
    },
    load: async () => (await import("./verify/run-verify.mjs")).runVerify,
  },
  forgeries: {
    summary: "what a flood of forgeries costs an honest sender: latency at a fixed rate with and without (1 minute)",
    options: {
      quick: { type: "boolean", default: false },
      rate: { type: "string", default: "300" },
      connections: { type: "string", default: "64" },
      seconds: { type: "string", default: "6" },
      rounds: { type: "string", default: "3" },
    },
    load: async () => (await import("./forgeries/run-forgeries.mjs")).runForgeries,
  },
  growth: {
    summary: "claims and ingest as queue and history grow, and under a snapshot that is held (5 minutes and more)",
    options: {
      quick: { type: "boolean", default: false },
      small: { type: "string", default: "20000" },
      ready: { type: "string", default: "1000000" },
      finished: { type: "string", default: "10000000" },
      snapshot: { type: "string", default: "300" },
      claims: { type: "string", default: "500" },
      seconds: { type: "string", default: "10" },
      buffers: { type: "string", default: "512MB" },
    },
    load: async () => (await import("./growth/run-growth.mjs")).runGrowth,
  },
  "rolling-restart": {
    summary:
      "doors and workers restarted in turn under load, one killed, one stopped: what is lost or doubled (3 minutes)",
    options: {
      quick: { type: "boolean", default: false },
      doors: { type: "string", default: "4" },
      workers: { type: "string", default: "4" },
      rate: { type: "string", default: "200" },
      pause: { type: "string", default: "2" },
    },
    load: async () => (await import("./rolling-restart/run-rolling-restart.mjs")).runRollingRestart,
  },
};

const USAGE = `Benches:
${Object.entries(BENCHES)
  .map(([name, bench]) => `  npm run bench -- ${name.padEnd(8)} ${bench.summary}`)
  .join("\n")}

Options of ingest:
  --quick            one connection count, two short rounds: does it run at all
  --rounds <n>       rounds at 64 connections (default 5; 3 at 256)
  --seconds <n>      length of one round (default 3)
  --redis <program>  the redis-server to run for the recipe (default: the one on PATH)
  --only <names>     some of floor,holdfast,recipe,route (default: all)
  --node-args=<text> arguments for the gateway's node, for example --node-args=--cpu-prof

Options of fairness:
  --quick            one short round with a tenth of the events: does it run at all
  --rounds <n>       rounds without and with the flood (default 3)
  --flood <n>        how many of one lane wait (default 200000)
  --low <n>          how many of low priority wait (default 100000)
  --seconds <n>      how long the quiet lanes send (default 20)

Options of slow-destination:
  --quick            one short round with 5,000 waiting: does it run at all
  --rounds <n>       rounds without and with the slow destination (default 3)
  --waiting <n>      how many wait for it (default 200000)
  --events <n>       others' events whose throughput is measured (default 20000)
  --seconds <n>      how long the others send steadily (default 20)

Options of overload:
  --quick            eight seconds and fewer connections: does it run at all
  --factor <n>       how many times the capacity is offered (default 3)
  --seconds <n>      for how long (default 60)
  --connections <n>  of each class (default 2000)
  --rate <n>         arrivals a second to take for the capacity, instead of measuring it

Options of verify:
  --quick            three short rounds: does it run at all
  --rounds <n>       rounds of each contender (default 15)

Options of replay:
  --quick            5,000 events, one round of 5 s: does it run at all
  --events <n>       events that are replayed (default 100000)
  --rounds, --seconds <n>  live traffic before and beside it (default 3 rounds of 30 s)
  --rate <n>         deliveries that the replay queues a second (default 100)

Options of growth:
  --quick            50,000 ready and 100,000 finished, a snapshot of 10 s: does it run at all
  --small, --ready, --finished <n>  deliveries in the small queue, the large queue, the history
  --snapshot <n>     seconds that a snapshot is held at the end; 0 leaves it out
  --claims <n>       claims of 64 in each stage (default 500)
  --seconds <n>      length of ingest in each stage (default 10)
  --buffers <size>   shared_buffers of the database (default 512MB)

Options of rolling-restart:
  --quick            two doors and two workers
  --doors, --workers <n>  processes that take in, processes that deliver (default 4 and 4)
  --rate <n>         events a second (default 200)
  --pause <n>        seconds between two restarts (default 2)

Results: bench/results/ (JSON, and a plot as SVG). How to read them: docs/bench.md
`;

const [name, ...args] = process.argv.slice(2);
const bench = Object.hasOwn(BENCHES, name ?? "") ? BENCHES[name] : null;
if (bench === null) {
  const isAsked = name === undefined || name === "--help" || name === "help";
  (isAsked ? process.stdout : process.stderr).write(isAsked ? USAGE : `There is no bench "${name}".\n\n${USAGE}`);
  process.exitCode = isAsked ? 0 : 2;
} else {
  const options = readOptions(bench, args);
  if (options !== null) process.exitCode = await (await bench.load())(options);
}

function readOptions(chosen, given) {
  try {
    return parseArgs({ args: given, options: chosen.options }).values;
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
    return null;
  }
}
