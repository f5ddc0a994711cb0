// Every bench by its name: what it shows, its options with their meaning, and whether `npm run bench` without a name runs it.
// An option is `[type or default, meaning]`: `true` for a switch, a text for one with a value, "" for one without a default.

/**
 * @typedef {object} Bench
 * @property {string} summary
 * @property {"short" | "long"} length short: a run of everything has it; long: only with --long, or by name
 * @property {number} quickSec about how long it takes with --quick on two cores, for the three minutes of a quick run
 * @property {Record<string, [default: string, meaning: string]>} options beside --quick, which each has
 * @property {string} quick what --quick does
 * @property {() => Promise<(options: Record<string, string | boolean>) => Promise<number>>} load the function that runs it; it gives the exit code
 */

const REDIS = [
  "redis-server",
  "the redis-server to run; the default is installed by apt when root runs this and it is missing",
];

/** @type {Record<string, Bench>} */
export const BENCHES = {
  ingest: {
    summary:
      "requests a second to a durable answer, and latency at half of that: Holdfast, a bare server, three recipes (4 minutes)",
    length: "short",
    quickSec: 45,
    quick: "one connection count, two short rounds",
    options: {
      rounds: ["", "rounds at 64 connections (default 5; 3 at 256 and in the open loop)"],
      seconds: ["", "length of one round (default 3)"],
      redis: REDIS,
      only: ["", "some of floor,holdfast,holdfast+queued,bullmq,graphile-worker,pg-boss,holdfast+route"],
      "node-args": ["", "arguments for the gateway's node: --node-args=--cpu-prof"],
    },
    load: async () => (await import("./ingest/run-ingest.mjs")).runIngest,
  },
  queue: {
    summary: "the queue alone, handled a second: Holdfast, graphile-worker, pg-boss, BullMQ (6 minutes)",
    length: "short",
    quickSec: 22,
    quick: "3,000 in two rounds",
    options: {
      rounds: ["", "rounds of each contender (default 5)"],
      count: ["", "how many are queued, then drained, in each round (default 30000)"],
      redis: REDIS,
      only: ["", "some of holdfast,holdfast+handler,holdfast+transaction,graphile-worker,pg-boss,bullmq"],
    },
    load: async () => (await import("./queue/run-queue.mjs")).runQueue,
  },
  whole: {
    summary: "taken in, delivered over HTTP and settled: Holdfast beside the BullMQ recipe with a worker (5 minutes)",
    length: "short",
    quickSec: 30,
    quick: "2,000 events in two rounds",
    options: {
      rounds: ["", "rounds of each contender (default 5)"],
      events: ["", "how many each round sends (default 20000)"],
      seconds: ["", "how long each round at half of the rate takes (default 10)"],
      redis: REDIS,
    },
    load: async () => (await import("./whole/run-whole.mjs")).runWhole,
  },
  verify: {
    summary: "verified requests a second and core: Holdfast beside bare HMAC and the providers' own libraries (20 s)",
    length: "short",
    quickSec: 8,
    quick: "three short rounds",
    options: { rounds: ["", "rounds of each contender (default 15)"] },
    load: async () => (await import("./verify/run-verify.mjs")).runVerify,
  },
  forgeries: {
    summary: "what a flood of forgeries costs an honest sender: latency at a fixed rate with and without (1 minute)",
    length: "short",
    quickSec: 15,
    quick: "one round of 2 s",
    options: {
      rate: ["300", "honest requests a second"],
      connections: ["64", "connections that forge"],
      seconds: ["6", "length of one round"],
      rounds: ["3", "rounds, in turns"],
    },
    load: async () => (await import("./forgeries/run-forgeries.mjs")).runForgeries,
  },
  rotation: {
    summary:
      "a secret rolled twenty times under load: what is refused that was valid, or accepted after its end (2 minutes)",
    length: "short",
    quickSec: 30,
    quick: "four rolls at 200 a second",
    options: {
      rate: ["", "requests a second, in an open loop (default 1000)"],
      rolls: ["", "how often the secret is rolled (default 20)"],
      every: ["3", "seconds between two rolls"],
      overlap: ["4", "seconds for which the old secret goes on verifying"],
    },
    load: async () => (await import("./rotation/run-rotation.mjs")).runRotation,
  },
  overload: {
    summary: "three times the capacity for a minute: who is accepted, memory, drain, nothing acked lost (3 minutes)",
    length: "short",
    quickSec: 40,
    quick: "eight seconds and fewer connections",
    options: {
      factor: ["3", "how many times the capacity is offered"],
      seconds: ["", "for how long (default 60)"],
      connections: ["", "of each class (default 2000)"],
      rate: ["", "arrivals a second to take for the capacity, instead of measuring it"],
    },
    load: async () => (await import("./overload/run-overload.mjs")).runOverload,
  },
  "rolling-restart": {
    summary:
      "doors and workers restarted in turn under load, one killed, one stopped: what is lost or doubled (3 minutes)",
    length: "short",
    quickSec: 90,
    quick: "two doors and two workers",
    options: {
      doors: ["4", "processes that take in"],
      workers: ["4", "processes that deliver"],
      rate: ["200", "events a second"],
      pause: ["2", "seconds between two restarts"],
    },
    load: async () => (await import("./rolling-restart/run-rolling-restart.mjs")).runRollingRestart,
  },
  fairness: {
    summary: "what a lane that floods does to a hundred quiet ones, and 100,000 low to one critical (10 minutes)",
    length: "long",
    quickSec: 60,
    quick: "one short round with a tenth of the events",
    options: {
      rounds: ["", "rounds without and with the flood (default 3)"],
      flood: ["", "how many of one lane wait (default 200000)"],
      low: ["", "how many of low priority wait (default 100000)"],
      seconds: ["", "how long the quiet lanes send (default 20)"],
    },
    load: async () => (await import("./fairness/run-fairness.mjs")).runFairness,
  },
  "slow-destination": {
    summary: "what a destination that answers after 30 s, with 200,000 waiting, costs the others (10 minutes)",
    length: "long",
    quickSec: 60,
    quick: "one short round with 5,000 waiting",
    options: {
      rounds: ["", "rounds without and with the slow destination (default 3)"],
      waiting: ["", "how many wait for it (default 200000)"],
      events: ["", "others' events whose throughput is measured (default 20000)"],
      seconds: ["", "how long the others send steadily (default 20)"],
    },
    load: async () => (await import("./slow-destination/run-slow-destination.mjs")).runSlowDestination,
  },
  growth: {
    summary: "claims and ingest as queue and history grow, and under a snapshot that is held (12 minutes)",
    length: "long",
    quickSec: 45,
    quick: "50,000 ready and 100,000 finished, a snapshot of 10 s",
    options: {
      small: ["20000", "deliveries in the small queue"],
      ready: ["1000000", "deliveries in the large queue"],
      finished: ["10000000", "finished deliveries in the history"],
      snapshot: ["300", "seconds that a snapshot is held at the end; 0 leaves it out"],
      rounds: ["5", "rounds, in which the little and the large database take turns"],
      claims: ["500", "claims of 64 in each round"],
      seconds: ["10", "length of ingest in each round"],
      buffers: ["512MB", "shared_buffers of the database"],
    },
    load: async () => (await import("./growth/run-growth.mjs")).runGrowth,
  },
  lists: {
    summary: "every list of the admin API and each filter, with 1,000,000 events stored against 10,000 (6 minutes)",
    length: "long",
    quickSec: 40,
    quick: "50,000 events and two rounds",
    options: {
      small: ["10000", "events in the small database"],
      large: ["", "events in the large database (default 1000000)"],
      rounds: ["", "calls of each list on each side (default 7)"],
    },
    load: async () => (await import("./lists/run-lists.mjs")).runLists,
  },
  replay: {
    summary: "what a replay of 100,000 events costs live traffic (20 minutes)",
    length: "long",
    quickSec: 60,
    quick: "5,000 events, one round of 5 s",
    options: {
      rounds: ["", "rounds of live traffic before and beside it (default 3)"],
      events: ["", "events that are replayed (default 100000)"],
      seconds: ["", "length of one round (default 30)"],
      rate: ["", "deliveries that the replay queues a second (default 100)"],
    },
    load: async () => (await import("./replay/run-replay.mjs")).runReplay,
  },
};
