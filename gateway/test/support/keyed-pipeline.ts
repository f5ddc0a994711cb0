import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { Receiver } from "@holdfast/verify";
import { sign } from "@holdfast/verify";
import { codedSampleOf, sent } from "../../../verify/test/coded-samples.ts";
import type { Source } from "../../src/domain/catalog.ts";
import type { SourcePolicy } from "../../src/domain/source-policy.ts";
import { DEFAULT_SOURCE_POLICY } from "../../src/domain/source-policy.ts";
import { createClientKeyFetcher } from "../../src/engine/fetch-client-key.ts";
import { createKeyFetcher } from "../../src/engine/fetch-keys.ts";
import { createSubscriptionConfirmer } from "../../src/engine/confirm-subscriptions.ts";
import { createKeyStore } from "../../src/engine/key-store.ts";
import type { Arrival } from "../../src/pipeline/arrival.ts";
import { indexCatalog } from "../../src/pipeline/catalog-index.ts";
import { ingest } from "../../src/pipeline/ingest.ts";
import type { RejectionKeeper } from "../../src/pipeline/reject.ts";
import type { EgressOutcome, EgressRequest } from "../../src/platform/egress/egress-outcome.ts";
import { silentLog } from "../../src/platform/log.ts";
import { createMetrics } from "../../src/platform/metrics.ts";

export const GOOGLE = "https://www.googleapis.com/oauth2/v3/certs";
export const NOW = new Date(1714979289000);
export const PUBSUB: Receiver = { audience: "https://example.com/in/x", email: "push@example.iam.gserviceaccount.com" };

function rsaPair() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    pem: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    jwk: publicKey.export({ format: "jwk" }),
  };
}
/** What the provider signs with, and what a forger does. */
export const google = rsaPair();
export const stranger = rsaPair();

/** A provider's answer. */
export const answer = (body: string, status = 200): EgressOutcome => ({
  kind: "response",
  status,
  headers: [],
  body: Buffer.from(body),
  truncated: false,
  durationMs: 1,
  address: "192.0.2.1",
});
/** A set that holds the provider's one key under these ids. */
export const keySet = (...kids: string[]): EgressOutcome =>
  answer(JSON.stringify({ keys: kids.map((kid) => ({ ...google.jwk, kid, use: "sig", alg: "RS256" })) }));
export const broken: EgressOutcome = { kind: "failed", fault: "refused", detail: "nobody listens", durationMs: 1 };

function source(provider: string, receiver: Receiver): Source {
  return {
    id: provider,
    tenant: "default",
    name: provider,
    key: `${provider}-key`,
    provider,
    receiver: { ...receiver },
    receiverUnreadable: [],
    secrets: [],
    bodyBytesMax: 1_000_000,
    policy: DEFAULT_SOURCE_POLICY,
    state: "active",
    origin: "api",
    createdAt: NOW,
    updatedAt: NOW,
  };
}

/** The pipeline with a provider whose answers a test can change, and a clock that stands until it is moved. */
export function openPipeline(provider: string, receiver: Receiver, policy: Partial<SourcePolicy> = {}) {
  const world = {
    nowMs: 1_000_000,
    published: (_url: string): EgressOutcome | Promise<EgressOutcome> => broken,
    asked: (_request: EgressRequest): EgressOutcome | Promise<EgressOutcome> => broken,
  };
  const fetched: string[] = [];
  const rejected: { reason: string; summary: string }[] = [];
  const clock = { now: () => new Date(NOW.getTime() + world.nowMs - 1_000_000), monotonicMs: () => world.nowMs };
  const metrics = createMetrics("test");
  const get = async ({ url }: { url: string }): Promise<EgressOutcome> => {
    fetched.push(url);
    return await world.published(url);
  };
  const post = async (request: EgressRequest): Promise<EgressOutcome> => await world.asked(request);
  const fetchClientKey = createClientKeyFetcher({ post });
  const findKey = createKeyStore({
    fetchKeys: createKeyFetcher({ get }),
    fetchClientKey,
    clock,
    metrics,
    log: silentLog,
  });
  const confirmer = createSubscriptionConfirmer({ egress: { get }, metrics, log: silentLog, pause: async () => {} });
  const keep: RejectionKeeper["keep"] = (_ready, _arrival, reason, { summary }) => {
    rejected.push({ reason, summary });
    return "rejection";
  };
  const deps = {
    findKey,
    clock,
    metrics,
    record: async (drafts: readonly { id: string }[]) =>
      ({ ok: true, value: drafts.map(({ id }) => ({ kind: "recorded", eventId: id }) as const) }) as const,
    observe: () => {},
    confirm: confirmer.confirm,
    admit: () => null,
    onFilterFault: () => {},
    signers: { suspects: () => [], mayTry: () => true },
    rejections: { keep },
    random: randomBytes,
    publicUrl: null,
  };
  const catalog = {
    version: 1,
    sources: [{ ...source(provider, receiver), policy: { ...DEFAULT_SOURCE_POLICY, ...policy } }],
    destinations: [],
    routes: [],
    throttles: [],
  };
  const ready = indexCatalog(catalog).findSource(`${provider}-key`)!;
  const take = (request: Pick<Arrival, "method" | "url" | "headers" | "body">) =>
    ingest(deps, ready, { ...request, remoteAddress: "192.0.2.1", receivedAt: clock.now() });
  const count = async (result: string): Promise<number> =>
    (await metrics.keyFetches.get()).values.find(({ labels }) => labels["result"] === result)?.value ?? 0;
  return { world, confirmer, fetched, rejected, clock, metrics, deps, ready, findKey, take, count };
}

/** A push of Pub/Sub, signed by whoever has this key. */
export function push(kid: string, pem = google.pem) {
  const request = { method: "POST", url: "/in/google-pubsub-key", headers: [], body: Buffer.from('{"message":{}}') };
  const receiver = { ...PUBSUB, keyId: kid, secrets: [pem] };
  return { ...request, headers: sign({ provider: "google-pubsub", receiver, request, now: NOW }) };
}

/** The sample of the verification library for a provider. */
export function requestOf(provider: string): Pick<Arrival, "method" | "url" | "headers" | "body"> {
  const { method, url, headers, body } = sent(codedSampleOf(provider)).request;
  return { method, url, headers: headers as [string, string][], body: Buffer.from(body) };
}

/** An answer that comes when it is let go. */
export function heldBack(): {
  readonly promise: Promise<EgressOutcome>;
  readonly resolve: (outcome: EgressOutcome) => void;
} {
  let resolve: (outcome: EgressOutcome) => void = () => {};
  const promise = new Promise<EgressOutcome>((settle) => (resolve = settle));
  return { promise, resolve };
}
