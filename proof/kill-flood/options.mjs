// The options of a run of the flood.
import { parseArgs } from "node:util";

const USAGE = `npm run proof -- kill-flood [options]
  --events <n>           distinct events (default 20000)
  --kills <n>            SIGKILL to the gateway's process group (default 20)
  --database-kills <n>   SIGKILL to the database, all of its processes (default 5)
  --seed <n>             decides events, order and faults (default: a new one, printed)
  --concurrency <n>      requests under way at once (default 48)
  --mixed                by turns SIGKILL, SIGTERM and a freeze (SIGSTOP); SIGKILL, immediate stop and the end of one session of the database
  --world <n>            every fault of the network, the destination, the disk and the clock n times beside them (default 0)
  --quick                2000 events, 4 kills, 1 of the database
  --mutant <id>          put a mutant of the product (M1 to M20) to the same proof
  --gateway <file>       another build's bin/holdfast.js, to be put to the same proof
  --keep                 keep the logs also when the promises held
  --json                 one line of JSON instead of the summary
`;
const DEFAULTS = { events: 20_000, kills: 20, "database-kills": 5, concurrency: 48 };
const OTHERS = { gateway: { type: "string" }, mutant: { type: "string" } };
const QUICK = { events: 2_000, kills: 4, "database-kills": 1, concurrency: 48 };

/**
 * @param {readonly string[]} given the command line
 * @returns {object | null} null when it cannot be read; why was then said
 */
export function readOptions(given) {
  try {
    const numbers = Object.fromEntries(
      [...Object.keys(DEFAULTS), "seed", "world"].map((name) => [name, { type: "string" }]),
    );
    const flags = Object.fromEntries(
      ["quick", "mixed", "keep", "json", "help"].map((name) => [name, { type: "boolean" }]),
    );
    const { values } = parseArgs({ args: given, options: { ...numbers, ...flags, ...OTHERS } });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit(0);
    }
    const base = values.quick ? QUICK : DEFAULTS;
    const number = (name, fallback, least) => {
      const value = values[name] === undefined ? fallback : Number(values[name]);
      if (!Number.isInteger(value) || value < least)
        throw new Error(`--${name} must be a whole number, at least ${least}`);
      return value;
    };
    return {
      events: number("events", base.events, 1),
      kills: number("kills", base.kills, 0),
      databaseKills: number("database-kills", base["database-kills"], 0),
      worldRounds: number("world", 0, 0),
      concurrency: number("concurrency", base.concurrency, 1),
      seed: number("seed", Math.floor(Math.random() * 2 ** 31), 0),
      program: values.gateway,
      mutant: values.mutant,
      isQuick: values.quick === true,
      isMixed: values.mixed === true,
      isKept: values.keep === true,
      isJson: values.json === true,
    };
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return null;
  }
}
