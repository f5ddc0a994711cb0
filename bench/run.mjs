// The door of `npm run bench`: a word names a bench, the rest are its options; without a word all of them run.
import { parseArgs } from "node:util";
import { BENCHES } from "./benches.mjs";
import { measureLoad } from "./processes.mjs";
import { runAll } from "./run-all.mjs";
import { warnOfOthers } from "./table.mjs";

/** A bench that could not be run at all, so that nobody takes it for one whose bar was missed (1). */
const NOT_RUN = 3;
const LOOK_MS = 500;
const HELP = new Set(["help", "--help", "-h"]);

for (const [signal, number] of Object.entries({ SIGINT: 2, SIGTERM: 15 }))
  process.once(signal, () => process.exit(128 + number));

const [first, ...rest] = process.argv.slice(2);
if (first !== undefined && HELP.has(first)) process.stdout.write(usage());
else if (first === undefined || first.startsWith("-")) await runEverything(process.argv.slice(2));
else if (Object.hasOwn(BENCHES, first)) await runOne(first, rest);
else refuse(`There is no bench "${first}".`);

async function runEverything(args) {
  const options = read(args, { quick: { type: "boolean", default: false }, long: { type: "boolean", default: false } });
  if (options !== null) process.exitCode = await runAll(options);
}

async function runOne(name, args) {
  const bench = BENCHES[name];
  if (args.some((arg) => HELP.has(arg))) return void process.stdout.write(usageOf(name));
  const known = Object.entries(bench.options).map(([option, [fallback]]) => [
    option,
    // An option without a default is left out, so that the bench can tell it from one that was given.
    { type: "string", ...(fallback === "" && option !== "node-args" ? {} : { default: fallback }) },
  ]);
  const options = read(args, { quick: { type: "boolean", default: false }, ...Object.fromEntries(known) });
  if (options === null) return;
  // In a run of all of them it has been looked at already.
  const warning =
    process.env.BENCH_OF_ALL === "1" ? null : warnOfOthers([await measureLoad(LOOK_MS)], "before it began");
  if (warning !== null) process.stderr.write(`${warning}\n`);
  try {
    process.exitCode = await (await bench.load())(options);
  } catch (error) {
    // Not left to end by itself: what had been started until then would keep it waiting.
    process.stderr.write(`The bench ${name} could not be run: ${error.stack ?? error}\n`, () => process.exit(NOT_RUN));
  }
}

function read(args, options) {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    refuse(error.message);
    return null;
  }
}

function refuse(why) {
  process.stderr.write(
    `${why}\nThe benches: ${Object.keys(BENCHES).join(", ")}. Their options: npm run bench -- --help\n`,
  );
  process.exitCode = 2;
}

function usage() {
  const names = Object.entries(BENCHES).map(
    ([name, { summary }]) => `  npm run bench -- ${name.padEnd(17)} ${summary}`,
  );
  return `  npm run bench                      the short ones, one after the other (half an hour)
  npm run bench -- --quick           each only shows that it runs, under three minutes
  npm run bench -- --long            the long ones as well (an hour and a half)

${names.join("\n")}

${Object.keys(BENCHES).map(usageOf).join("\n")}
Results: bench/results/ (JSON, and plots as SVG). Exit code: 0 every bar met, 1 one missed or a run void, 2 an unknown option,
3 a bench could not be run. How to read them: docs/benchmarks.md
`;
}

function usageOf(name) {
  const { options, quick } = BENCHES[name];
  const lines = Object.entries(options).map(([option, [fallback, meaning]]) => {
    const said = fallback === "" ? meaning : `${meaning} (default ${fallback})`;
    return `  ${`--${option}`.padEnd(14)} ${said}\n`;
  });
  return `Options of ${name}:\n  ${"--quick".padEnd(14)} ${quick}: does it run at all\n${lines.join("")}`;
}
