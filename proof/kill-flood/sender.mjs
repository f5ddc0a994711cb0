// The sender: bounded concurrency, every step noted before and after. What was not acknowledged is sent again with the same
// bytes and a fresh signature, as Stripe does, until it is.
import { createHash } from "node:crypto";
import { Agent, request as openRequest } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { eventBody, eventId, seededRandom, signatureHeader } from "../../bench/stripe-event.mjs";

const ANSWER_TIMEOUT_MS = 10_000;
const PAUSE_MS = 60;
const TRICKLE_PAUSE_MS = 20;
/** Beyond the number of any event of a run. */
const OFFERED_FROM = 1_000_000_000;

/**
 * @param {{ url: string, secret: string, seed: number, log: { add: (record: object) => void }, concurrency: number }} options
 */
export function createSender(options) {
  const agent = new Agent({ keepAlive: true, maxSockets: options.concurrency });
  const state = {
    ...options,
    urls: [options.url],
    /** By turns; the first is what the source should be signed with. */
    secrets: [options.secret],
    offers: 0,
    agent,
    random: seededRandom(options.seed ^ 0x51ed270b),
    ops: 0,
    acked: new Set(),
    ackWaiters: [],
    isClosed: false,
  };
  return {
    /** Sends all of them; resolves when each has its answer. */
    send: (sends) => sendAll(state, sends),
    /** Goes on sending known events again, so that recovery can be seen when nothing new is left. */
    trickle: (events, signal) => trickle(state, events, signal),
    /** How many distinct events are acknowledged. */
    acked: () => state.acked.size,
    /** Resolves with the time of the next acknowledgement. */
    nextAck: () => new Promise((resolve) => state.ackWaiters.push(resolve)),
    /** From now on by turns with these secrets. */
    signWith: (secrets) => void (state.secrets = secrets),
    /** From now on by turns to another gateway too, whose ingest URL this is; null: to the first alone. */
    alsoTo: (ingestUrl) =>
      void (state.urls =
        ingestUrl === null ? [options.url] : [options.url, new URL(new URL(options.url).pathname, ingestUrl).href]),
    /** Sends an event of its own that is signed with a secret which has ended, until that has an answer. It must be refused. */
    offer: (secret) => offer(state, secret),
    /** Ends what is under way; nothing is sent or noted any more. */
    close: () => {
      state.isClosed = true;
      agent.destroy();
    },
  };
}

/**
 * The body of an event: by its number and the seed alone, so that every sending has the same bytes.
 *
 * @param {number} seed
 * @param {number} event
 */
export function bodyOf(seed, event) {
  const random = seededRandom(seed * 31 + event);
  return Buffer.from(eventBody(random, idOf(seed, event), 1_760_000_000 + event));
}

const idOf = (seed, event) => eventId(`P${(seed >>> 0).toString(36)}`.slice(0, 8), event);

async function sendAll(state, sends) {
  let next = 0;
  const lane = async () => {
    while (next < sends.length && !state.isClosed) await sendOne(state, sends[next++]);
  };
  await Promise.all(Array.from({ length: state.concurrency }, lane));
}

async function sendOne(state, { event, forged, oneShot }) {
  const body = bodyOf(state.seed, event);
  while (!state.isClosed) {
    const result = await tryOnce(state, event, body, forged);
    if (result === "ok" || result === "fail") return;
    // Nothing left us, so even who sends but once may try again.
    if (oneShot && result === "info") return;
    await pause(PAUSE_MS * (0.5 + state.random()));
  }
}

async function trickle(state, events, signal) {
  while (!signal.aborted && !state.isClosed) {
    const event = Math.floor(state.random() * events);
    await tryOnce(state, event, bodyOf(state.seed, event), false);
    await pause(TRICKLE_PAUSE_MS);
  }
}

async function offer(state, secret) {
  const event = OFFERED_FROM + state.offers++;
  for (;;) {
    const result = await tryOnce(state, event, bodyOf(state.seed, event), true, secret);
    if (result === "ok" || result === "fail" || state.isClosed) return;
    await pause(PAUSE_MS);
  }
}

async function tryOnce(state, event, body, forged, endedSecret = null) {
  if (state.isClosed) return "unsent";
  const op = state.ops++;
  const turn = op % state.secrets.length;
  const id = idOf(state.seed, event);
  const sha256 = createHash("sha256").update(body).digest("hex");
  state.log.add({ kind: "invoke", op, event: id, sha256, forged, secret: turn, t: now() });
  const signature = signatureHeader(endedSecret ?? state.secrets[turn], body, Math.floor(Date.now() / 1000));
  const sent = forged && endedSecret === null ? withOneByteChanged(body, state.random) : body;
  const result = await post(state, state.urls[op % state.urls.length], sent, signature);
  if (state.isClosed) return result.kind;
  state.log.add({ ...result, op, t: now() });
  if (result.kind === "ok" && !forged) {
    state.acked.add(event);
    for (const resolve of state.ackWaiters.splice(0)) resolve(now());
  }
  return result.kind;
}

function post(state, url, body, signature) {
  return new Promise((resolve) => {
    const headers = {
      "content-type": "application/json; charset=utf-8",
      "stripe-signature": signature,
      "content-length": body.length,
    };
    const request = openRequest(url, { method: "POST", agent: state.agent, headers, timeout: ANSWER_TIMEOUT_MS });
    request.on("timeout", () => request.destroy(new Error("timeout")));
    request.on("error", (error) => {
      const isUnsent = error.code === "ECONNREFUSED";
      resolve(isUnsent ? { kind: "unsent" } : { kind: "info", cause: error.code ?? error.message });
    });
    request.on("response", (response) => {
      response.resume();
      response.on("end", () => resolve(classify(response)));
      // Half an answer promises nothing.
      response.on("error", () => resolve({ kind: "info", cause: "half an answer" }));
    });
    request.end(body);
  });
}

// docs/promises.md, 5: what is not 2xx promises nothing; but a definite refusal must not be stored either.
function classify(response) {
  const status = response.statusCode;
  if (status >= 200 && status < 300) {
    const ourId = response.headers["holdfast-event"] ?? null;
    return { kind: "ok", status, duplicate: response.headers["holdfast-duplicate"] === "true", ourId };
  }
  if (status === 408 || status === 429 || status >= 500) return { kind: "info", cause: `status ${status}` };
  return { kind: "fail", status };
}

function withOneByteChanged(body, random) {
  const changed = Buffer.from(body);
  const at = Math.floor(random() * body.length);
  changed[at] = changed[at] ^ 1;
  return changed;
}

const now = () => performance.timeOrigin + performance.now();
