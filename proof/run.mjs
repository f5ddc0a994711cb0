// `npm run proof -- <name>`: one door to everything that is proved by running it. docs/proof.md
const USAGE = `npm run proof -- [name] [options]

  whole        the default: kill-flood and frozen-worker as one report (--help for its options)
  kill-flood   a flood of signed events while gateway and database are killed
  nemesis      the same with mixed faults: also SIGTERM, freezes, immediate stops, lost sessions, and once each fault of the
               network, the destination, the disk and the clock (--world <n> for another number)
  frozen-worker  a worker stands still beyond its lease, another takes over, the first goes on and must change nothing
  release      rounds of many seeds towards a release's numbers; the same command goes on (also as --release)
  recovery     how long it takes from each fault healed to normal service
  incident     the field's incident, replayed by two responders while the gateway is killed
  races        live traffic and a reconciliation bring the same events at the same moment
  checker      how long the checkers take for the logs of a million events
  mutants      twenty careless changes of the product, each before the test that must notice it
  stryker      every operator, condition and text of the most dangerous files changed, one at a time (docs/mutation-testing.md)
  sweeps       every crash point: killed, standing still, throwing, coming late (the tests take some of them)
  faults       the catalogue of faults, with the tests that name each
`;

const PROOFS = {
  whole: async (args) => (await import("./whole.mjs")).runWhole(args),
  "kill-flood": async () => import("./kill-flood.mjs"),
  nemesis: async () => {
    process.argv.push("--mixed");
    if (!process.argv.includes("--world")) process.argv.push("--world", "1");
    await import("./kill-flood.mjs");
  },
  "frozen-worker": async (args) => (await import("./frozen-worker/run.mjs")).runFrozenWorker(args),
  release: async (args) => (await import("./release/run.mjs")).runRelease(args),
  recovery: async (args) => (await import("./recovery/run.mjs")).runRecovery(args),
  incident: async (args) => (await import("./incident.mjs")).runIncident(args),
  races: async () => import("./reconcile-races.mjs"),
  checker: async (args) => (await import("./checker/measure.mjs")).measureCheckers(args),
  mutants: async (args) => (await import("./mutants/run.mjs")).runMutants(args),
  stryker: async (args) => (await import("./stryker/run.mjs")).runStryker(args),
  sweeps: async (args) => (await import("./sweeps.mjs")).runSweeps(args),
  faults: async () => {
    const { describeCoverage, readCoverage } = await import("./faults/coverage.mjs");
    process.stdout.write(describeCoverage(readCoverage().rows));
  },
};

const [first, ...rest] = process.argv.slice(2).map((arg, i) => (i === 0 && arg === "--release" ? "release" : arg));
const isNamed = first !== undefined && !first.startsWith("-");
if (first === "--help" || first === "-h") process.stdout.write(USAGE);
else if (isNamed && !Object.hasOwn(PROOFS, first)) {
  process.stderr.write(`There is no proof called ${first}.\n\n${USAGE}`);
  process.exitCode = 2;
} else {
  const name = isNamed ? first : "whole";
  const args = isNamed ? rest : process.argv.slice(2);
  // The scripts that are also started by themselves read their own arguments.
  process.argv.splice(2, process.argv.length, ...args);
  const code = await PROOFS[name](args);
  if (typeof code === "number") process.exitCode = code;
}
