// `npm run demo`: the dashboard with a story in it. A gateway of this build on an embedded database in a folder of its own,
// six providers, a rotation gone wrong, a destination that is down, a burst. Serves until Ctrl-C; then nothing is left.
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { playScenario } from "./demo/scenario.mjs";
import { CLICKS_MAX, walkWays } from "./demo/clicks.mjs";
import { takeShots } from "./demo/shots.mjs";
import { openStage } from "./demo/stage.mjs";

const USAGE = `npm run demo -- [options]
  --port <n>        of the sources (default 4400; 0: a free one)
  --admin-port <n>  of the dashboard (default 4401; 0: a free one)
  --shots <folder>  take pictures of every screen, light and dark, into this folder, and end
  --narrow          with --shots: as wide as a phone, 360 pixels
  --clicks          walk from the Overview to the cause, the events and the fix of each incident, list the clicks, and end
`;

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "4400" },
    "admin-port": { type: "string", default: "4401" },
    shots: { type: "string" },
    narrow: { type: "boolean", default: false },
    clicks: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
/** Stands for the exit code of a story that was not played to its end. */
const CUT_SHORT = "cut short";
const tell = (text) => process.stderr.write(`${text}\n`);

if (values.help) process.stdout.write(USAGE);
else process.exitCode = await run();

async function run() {
  // Before anything is started, or a signal would leave the database behind.
  const stopped = untilStopped();
  const ports = values.shots === undefined && !values.clicks ? [values.port, values["admin-port"]] : ["0", "0"];
  const stage = await openStage({ port: Number(ports[0]), adminPort: Number(ports[1]) });
  if (!stage.ok) {
    tell(`error: ${stage.message}\n  ${stage.remedy}`);
    return 1;
  }
  const played = { stop: () => {} };
  let isCutShort = false;
  try {
    const code = await Promise.race([play(stage, played), stopped]);
    isCutShort = code === CUT_SHORT;
    if (code === null) await stopped;
    return isCutShort ? 1 : (code ?? 0);
  } finally {
    played.stop();
    await stage.close();
    // What of the story is still under way, a browser perhaps, ends with the process.
    if (isCutShort) process.exit(1);
  }
}

/** Resolves at the first signal. One press of Ctrl-C under npm comes twice, so that another changes nothing. */
function untilStopped() {
  return new Promise((done) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => done(CUT_SHORT));
  });
}

/** @returns {Promise<number | null>} exit code; null when it is to go on until it is stopped */
async function play(stage, played) {
  const story = await playScenario(stage, (step) => tell(`  ${step}`));
  played.stop = story.trickle();
  if (values.clicks) return await countClicks(stage);
  if (values.shots !== undefined) return await shoot(stage, story, resolve(values.shots));
  process.stdout.write(`\nDashboard (signs in once, within ten minutes):\n  ${await stage.gateway.signInLink()}\n\n`);
  tell("A few events a second keep coming. Ctrl-C ends it and removes its folder.");
  return null;
}

/** @returns {Promise<number>} exit code: 1 when a way takes too many */
async function countClicks(stage) {
  const ways = await walkWays(stage);
  for (const { incident, clicks } of ways) {
    process.stdout.write(`\n${incident}: ${clicks.length} clicks\n`);
    for (const [i, click] of clicks.entries()) process.stdout.write(`  ${i + 1}. ${click}\n`);
  }
  return ways.every(({ clicks }) => clicks.length <= CLICKS_MAX) ? 0 : 1;
}

async function shoot(stage, story, folder) {
  const paths = await findPaths(stage, story);
  const viewport = values.narrow ? { width: 360, height: 780 } : undefined;
  const faults = await takeShots(stage, paths, { folder, ...(viewport === undefined ? {} : { viewport }) });
  for (const fault of faults) tell(`wrong: ${fault}`);
  tell(`${Object.keys(paths).length} screens, light and dark, are in ${folder}`);
  return faults.length === 0 ? 0 : 1;
}

/** Every screen with the address that shows the story best. */
async function findPaths({ api }, { actors, destinations, replayId, planId, runId }) {
  const events = await api.events.page({ source: "stripe-payments", limit: 1 });
  const rejections = await api.rejections.page({ source: "stripe-payments", limit: 20 });
  const rejection = rejections.items.find(({ reason }) => reason !== "missing_header") ?? rejections.items[0];
  const warehouse = destinations.find(({ name }) => name === "warehouse");
  return {
    overview: "/",
    events: "/events",
    event: `/events/${events.items[0].id}`,
    rejections: "/rejections",
    ...(rejection === undefined ? {} : { rejection: `/rejections/${rejection.id}` }),
    queue: "/queue",
    "dead-letters": "/dead-letters",
    replays: "/replays",
    replay: `/replays/${replayId}`,
    "replay-plan": `/replays/${planId}`,
    "replay-new": "/replays/new",
    reconciliations: "/reconciliations",
    "reconciliation-run": `/reconciliations/runs/${runId}`,
    sources: "/sources",
    source: `/sources/${actors[0].source.id}`,
    "source-new": "/sources/new",
    destinations: "/destinations",
    destination: `/destinations/${warehouse.id}`,
    alerts: "/alerts",
    audit: "/audit",
    keys: "/keys",
    settings: "/settings",
  };
}
