import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeFault } from "../../src/config/config-fault.ts";
import { SETTING_PATHS, SETTINGS } from "../../src/config/settings.ts";
import { type ConfigPlaces, loadConfig } from "../../src/config.ts";

/** What somebody may write where something else is meant. */
const anything = fc.oneof(
  fc.anything({ withNullPrototype: true, withDate: true, withBigInt: true, withMap: true, withSparseArray: true }),
  fc.constantFrom<unknown>("", " ", "\0", "\u2028", Number.NaN, -0, 1e308, Symbol("x"), () => null, new Proxy({}, {})),
);

const VALID = {
  port: 0,
  adminPort: 0,
  host: "127.0.0.1",
  roles: ["ingest", "worker", "admin"],
  databaseUrl: "postgres://holdfast@127.0.0.1/holdfast",
  worker: { concurrency: 8, leaseMs: 90_000 },
  egress: { allowCidrs: ["127.0.0.0/8"] },
  overload: { controller: "on", queuePercent: [50, 60, 70, 90] },
  retention: { eventDays: 30 },
  sources: {
    payments: { provider: "stripe", secrets: [{ value: "whsec_0123456789abcdefghijklmnopqrst", version: "v1" }] },
    hub: { provider: "github", key: "hub-source-key", secrets: ["a secret that is long enough"] },
  },
  destinations: {
    billing: { url: "https://billing.example/webhooks", headers: { "x-team": "billing" }, retry: { scheduleSec: [1] } },
    shop: { handler: () => Promise.resolve() },
  },
  routes: [
    { source: "payments", destination: "billing", eventTypes: ["invoice.*"], when: "event.type == 'invoice.paid'" },
    { source: "hub", destination: "shop" },
  ],
  reconciliations: {
    stripe: { source: "payments", connector: { kind: "stripe" }, schedule: "0 * * * *", eventTypes: ["*"] },
  },
  alerts: { channels: { ops: { kind: "slack", url: "https://hooks.slack.com/services/T0/B0/x" } } },
};

type Tree = Record<string, unknown> | unknown[];
const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null;

/** Every place of a document that holds something, as the keys that lead there. */
function placesOf(tree: Tree, before: readonly string[] = []): (readonly string[])[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const place = [...before, key];
    return isTree(value) ? [place, ...placesOf(value, place)] : [place];
  });
}

/** The document with something else at one place. */
function replaceAt(tree: unknown, [first, ...rest]: readonly string[], by: unknown): unknown {
  if (first === undefined || !isTree(tree)) return by;
  const entries = Object.entries(tree).map(([key, value]) => [key, key === first ? replaceAt(value, rest, by) : value]);
  return Array.isArray(tree) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

/** Loads it and looks at what is said: never a throw, and each fault one line with its place and words. */
async function expectWords(places: Partial<ConfigPlaces>): Promise<readonly string[]> {
  const loaded = await loadConfig({ flags: {}, env: {}, cwd: "/", content: {}, ...places });
  const told = loaded.ok ? [] : loaded.faults.map(describeFault);
  if (!loaded.ok) expect(told).not.toEqual([]);
  for (const line of told) {
    expect(line).toMatch(/^\S.*\s\S/);
    expect(line).not.toMatch(/[\r\n]|\[object |TypeError/);
  }
  return told;
}

/** Where else it shows when what has a name is gone. */
const NAMED_BY: Readonly<Record<string, readonly string[]>> = {
  sources: ["routes", "reconciliations"],
  destinations: ["routes", "worker"],
};

const RUNS = { seed: 20_261_122, numRuns: 150 };

describe("a configuration that nobody meant", () => {
  it("may hold what cannot be written as text, and names without a letter", async () => {
    const overload = { queuePercent: [Object.create(null), [50], 70, 85] };
    const told = await expectWords({ content: { overload, "": 1, "a\nb": 2, worker: { "\u202e": 3 } } });
    expect(told.map((line) => line.split(" is not")[0])).toEqual([
      'overload.queuePercent must hold whole numbers from 1 to 100; it holds "an object"',
      '""',
      '"a\\nb"',
      'worker."\u202e"',
    ]);
  });

  it("is read with faults and without a throw, whatever stands in it", async () => {
    const keys = fc.oneof(fc.constantFrom(...Object.keys(VALID), "__proto__", "constructor", "handlers"), fc.string());
    await fc.assert(
      fc.asyncProperty(fc.dictionary(keys, anything), async (content) => {
        await expectWords({ content });
      }),
      RUNS,
    );
  });

  it("is right but for one place, and a fault names that part of it", async () => {
    expect(await expectWords({ content: VALID })).toEqual([]);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...placesOf(VALID)), anything, async (place, by) => {
        const told = await expectWords({ content: replaceAt(VALID, place, by) as Record<string, unknown> });
        const top = place[0] ?? "";
        const near = [top, ...(NAMED_BY[top] ?? [])];
        if (told.length > 0) expect(told.filter((line) => near.some((key) => line.startsWith(key)))).not.toEqual([]);
      }),
      RUNS,
    );
  });

  it("comes through variables and flags as any text, and each fault names the one that it came through", async () => {
    const settings = SETTING_PATHS.map((path) => SETTINGS[path]);
    const variables = settings.flatMap(({ variable }) => (variable === null ? [] : [variable]));
    const flags = settings.flatMap(({ flag }) => (flag === null ? [] : [flag]));
    const texts = fc.oneof(
      fc.array(fc.nat(0x2fff), { maxLength: 10 }).map((codes) => String.fromCharCode(...codes)),
      fc.constantFrom("0", "-1", "1e3", "0x10", "99999999999999999999", "true", ",", "::", "[", "%", "http://[", "🦊"),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom(...variables), texts),
        fc.dictionary(fc.constantFrom(...flags), texts),
        async (env, given) => {
          const told = await expectWords({ env, flags: given });
          const sources = [...Object.keys(env), ...Object.keys(given).map((flag) => `--${flag}`)];
          const isTold = (line: string) => sources.some((source) => line.startsWith(source));
          // What no single value breaks is named by its path.
          expect(told.filter((line) => !isTold(line) && !/^[a-z][\w.]+ /.test(line))).toEqual([]);
        },
      ),
      RUNS,
    );
  });
});
