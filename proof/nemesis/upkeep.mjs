// What an operator does to a gateway that works, all of it in a burst while the flood goes on: the source's secret is rolled with
// an overlap, a newer build's migration is applied beside the build that runs, and the processes are restarted one after the other.
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { killGroup, startGateway } from "../../bench/start-process.mjs";

const MIGRATE = new URL("../../gateway/dist/store/migrate.js", import.meta.url);
const PROGRAM = fileURLToPath(new URL("../../gateway/bin/holdfast.js", import.meta.url));
const OVERLAP_MS = 30_000;
/** A request is under way for ten seconds at most, so what was signed before this has arrived before the old secret's end. */
const SWITCH_BEFORE_END_MS = 12_000;
/** By then every process has learnt what was declared (docs/operate/secrets.md), and that its time has come. */
const LEARN_MS = 1_000;
const APPLY_TRIES = 5;

/** The parts of a burst, as the log of faults calls them. */
export const UPKEEP_PARTS = ["secret rolled", "migration", "rolling restart"];

/**
 * @param {{ folder: string, configFile: string, gatewayDir: string, databaseUrl: string, env: Record<string, string>,
 *   program?: string, secret: string, configure: (secrets: readonly (string | object)[]) => string }} options
 *   `databaseUrl` leads straight to the database; `configure` gives the configuration file with these secrets of its source
 */
export function openUpkeep(options) {
  const state = { program: PROGRAM, ...options, beside: null, migrations: [] };
  return {
    /** Does all of it; resolves when the old secret has ended and is refused. */
    burst: (deps) => burst(state, deps),
    close: async () => {
      if (state.beside === null) return;
      killGroup(state.beside.pid);
      await state.beside.ended;
    },
  };
}

/**
 * @param {{ keeper: object, sender: object, log: { add: (record: object) => void } }} deps
 */
async function burst(state, deps) {
  const note = (kind, how, more = {}) => deps.log.add({ kind, target: "upkeep", how, ...more, t: now() });
  const old = state.secret;
  const endMs = await rollSecret(state, deps);
  note("struck", "secret rolled", { forMs: OVERLAP_MS });
  const switched = pause(Math.max(0, endMs - SWITCH_BEFORE_END_MS - Date.now())).then(() =>
    deps.sender.signWith([state.secret]),
  );
  note("struck", "migration", { name: await migrateBeside(state), forMs: 0 });
  note("struck", "rolling restart", { exitCode: await restartInTurn(state, deps), forMs: 0 });
  await switched;
  await pause(Math.max(0, endMs + LEARN_MS - Date.now()));
  await deps.sender.offer(old);
  note("healed", "secret rolled");
  writeConfig(state, [state.secret]);
}

// As docs/operate/secrets.md has it for a declared source: the new one is listed first, the old one with its end.
async function rollSecret(state, { keeper, sender }) {
  const old = state.secret;
  const endMs = Date.now() + OVERLAP_MS;
  state.secret = `whsec_${randomBytes(24).toString("base64url")}`;
  writeConfig(state, [state.secret, { value: old, notAfter: new Date(endMs).toISOString() }]);
  for (let tried = 1; ; tried++) {
    try {
      await apply(state, await keeper.ready());
      break;
    } catch (error) {
      if (tried === APPLY_TRIES) throw error;
      await pause(LEARN_MS);
    }
  }
  await pause(LEARN_MS);
  sender.signWith([state.secret, old]);
  return endMs;
}

// Whoever starts meanwhile reads the one or the other, never a half.
function writeConfig({ configFile, configure }, secrets) {
  writeFileSync(`${configFile}.new.mjs`, configure(secrets));
  renameSync(`${configFile}.new.mjs`, configFile);
}

function apply({ program, configFile }, { adminUrl, adminToken }) {
  const env = { PATH: process.env.PATH ?? "", HOLDFAST_ADMIN_TOKEN: adminToken };
  return promisify(execFile)(process.execPath, [program, "apply", "--config", configFile, "--url", adminUrl], { env });
}

// The next build's: it changes the tables of an event's path as a migration may, and the build that runs goes on with them.
async function migrateBeside(state) {
  const { listMigrations, migrate } = await import(fileURLToPath(MIGRATE));
  const shipped = await listMigrations();
  const number = shipped.at(-1).number + state.migrations.length + 1;
  const sql = ["dedupe", "event", "delivery", "attempt", "finished_delivery"]
    .map((table) => `ALTER TABLE holdfast.${table} ADD COLUMN of_${number} text;`)
    .concat(`CREATE INDEX ON holdfast.delivery (of_${number});`)
    .join("\n");
  const name = `${number}_of_the_proof`;
  state.migrations.push({ number, name, sql, sha256: createHash("sha256").update(sql).digest("hex") });
  const migrated = await migrate(state.databaseUrl, [...shipped, ...state.migrations]);
  if (!migrated.ok || migrated.applied.length !== 1) throw new Error(`the migration: ${JSON.stringify(migrated)}`);
  return name;
}

// A second process takes part, then each of the two is told to end while the other serves. Its exit code.
async function restartInTurn(state, { keeper, sender }) {
  const env = { ...state.env, HOLDFAST_SECRET_KEY_FILE: join(state.gatewayDir, "secret.key") };
  const { folder, configFile, program } = state;
  const places = { configFile, dataDir: join(folder, "beside"), logFile: join(folder, "gateway.log") };
  state.beside = await startGateway({ ...places, env, program });
  sender.alsoTo(state.beside.ready.ingestUrl);
  await keeper.ready();
  await keeper.nextSpawn(keeper.end());
  await keeper.ready();
  const { code } = await state.beside.stop();
  state.beside = null;
  sender.alsoTo(null);
  return code;
}

const now = () => performance.timeOrigin + performance.now();
