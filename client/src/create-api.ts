import type {
  DeadLetter,
  DeadLetterPage,
  DeliveryDetail,
  DeliverySummary,
  EventDetail,
  EventPage,
  EventSummary,
  Page,
  QueueStanding,
  RawRequest,
  Readiness,
  RejectionDetail,
  RejectionGroups,
  RejectionSummary,
  SearchedPage,
  RetryLoop,
  Status,
} from "./api-shapes.ts";
import type {
  ApiKey,
  Applied,
  Configuration,
  Destination,
  DestinationDetail,
  DestinationInput,
  ProviderRow,
  Resealed,
  Route,
  RouteInput,
  SecretInput,
  SecretVersionDetail,
  SecretVersions,
  SignInput,
  Signed,
  Source,
  SourceInput,
  TestEvent,
} from "./configured-shapes.ts";
import type { Reconciliations } from "./reconciliation-shapes.ts";
import type { AccessRole, AuditCalls, AuditEntry, AuditQuery, PeopleCalls, Person } from "./access-shapes.ts";
import { type RateCalls, ratesOf } from "./rate-shapes.ts";
import type { ThrottleCalls } from "./throttle-shapes.ts";
import type { DeadLetterQuery, DeadLetters, Replays } from "./recovery-shapes.ts";
import type {
  PageQuery,
  EventQuery,
  DeliveryQuery,
  RejectionFilter,
  RejectionQuery,
  LoopQuery,
} from "./list-queries.ts";
import { walk } from "./walk-pages.ts";
import { type ApiAddress, askReadiness, callApi, callApiForJson, type Query, type Tagged } from "./call-api.ts";

/** Things that are listed: one page, or all of them, fetched page by page as they are asked for. */
export interface Listing<T, Q, P = Page<T>> {
  page(query?: Q): Promise<P>;
  all(query?: Q): AsyncGenerator<T, void, undefined>;
}

/** Things that are listed and found by id. */
export interface Shelf<T, D, Q, P = Page<T>> extends Listing<T, Q, P> {
  get(id: string): Promise<D>;
}

/** Some fields of a thing, and its state. */
export type Changes<I> = { [K in keyof I]?: I[K] | null } & { state?: string };

/** Things that are configured; sources, destinations and routes are also found by their names. */
export interface Configured<T, I> extends Shelf<T, T, PageQuery> {
  create(input: I): Promise<T>;
  /** Fields that are given replace what is; null takes one away. */
  update(id: string, changes: Changes<I>): Promise<T>;
  /** Disables it. Nothing that was recorded is deleted. */
  disable(id: string): Promise<T>;
}

/** The versions of a source's secret; the source by id or name. */
export interface Secrets {
  list(source: string): Promise<SecretVersions>;
  /** Adds a version that verifies at once and waits to be promoted. */
  add(source: string, input: SecretInput): Promise<SecretVersionDetail>;
  /** Makes it the active one; the one before verifies until the overlap (24 hours by default, at most 168) has passed. */
  promote(source: string, version: string, options?: { overlapHours?: number }): Promise<SecretVersions>;
  /** Ends it at once; refused while it is in use, unless forced. */
  retire(source: string, version: string, options?: { force?: boolean }): Promise<SecretVersions>;
  /** Seals every stored secret with the first of the master keys that the gateway has loaded. */
  reseal(): Promise<Resealed>;
}

/** The admin API. Every call throws an `ApiFault` when it does not succeed. */
export interface Api {
  /** The calls beneath, for what has no name here yet. Paths begin after `/api/v1`. */
  get<T>(path: string, query?: Query): Promise<T>;
  /** With the ETag, which a change can be held against. */
  getTagged<T>(path: string): Promise<Tagged<T>>;
  post<T>(path: string, body?: unknown): Promise<T>;
  /** With `ifMatch` it is refused, with the status 412, when what it changes has another ETag by now. */
  patch<T>(path: string, body: unknown, options?: { ifMatch?: string }): Promise<T>;
  delete<T>(path: string): Promise<T>;
  sources: Configured<Source, SourceInput> & {
    /** Signs a request with the source's own secret, as its provider would: for samples and drills. */
    sign(id: string, request: SignInput): Promise<Signed>;
    /** Takes a signed sample in as if the provider had posted it; the first type of the provider's samples by default. */
    sendTest(id: string, options?: { eventType?: string }): Promise<TestEvent>;
  };
  providers(): Promise<Page<ProviderRow>>;
  rates: RateCalls;
  secrets: Secrets;
  destinations: Omit<Configured<Destination, DestinationInput>, "get"> & {
    get(id: string): Promise<DestinationDetail>;
    signingSecret(id: string): Promise<{ signingSecret: string }>;
  };
  routes: Configured<Route, RouteInput>;
  events: Listing<EventSummary, EventQuery, EventPage> & {
    get(id: string): Promise<EventDetail>;
    raw(id: string): Promise<RawRequest>;
    /** The exact bytes that the provider sent. */
    body(id: string): Promise<Uint8Array>;
  };
  deliveries: Shelf<DeliverySummary, DeliveryDetail, DeliveryQuery, SearchedPage<DeliverySummary>> & {
    /** Tries it again: a dead one as a new delivery with the same idempotency key, a waiting one at once. */
    retry(id: string): Promise<DeliverySummary>;
  };
  deadLetters: DeadLetters;
  replays: Replays;
  rejections: Shelf<RejectionSummary, RejectionDetail, RejectionQuery, SearchedPage<RejectionSummary>> & {
    groups(query?: RejectionFilter): Promise<RejectionGroups>;
  };
  loops: Listing<RetryLoop, LoopQuery>;
  reconciliations: Reconciliations;
  throttles: ThrottleCalls;
  status(): Promise<Status>;
  /** `/readyz`: answers without the database, too, and says why nothing is taken in. */
  readiness(): Promise<Readiness>;
  queue(): Promise<QueueStanding>;
  /** Applies a configuration as a whole, as `holdfast apply` does; with `dryRun` it only says what would change. */
  apply(definition: unknown, options?: { dryRun?: boolean }): Promise<Applied>;
  configuration(): Promise<Configuration>;
  keys: Listing<ApiKey, PageQuery> & {
    create(input: { name: string; role?: AccessRole; expiresAt?: string | null }): Promise<ApiKey>;
    /** A successor of the same name and role; the old key counts for the overlap (a day by default). */
    rotate(id: string, options?: { overlapMinutes?: number }): Promise<ApiKey>;
    revoke(id: string): Promise<ApiKey>;
  };
  people: PeopleCalls;
  audit: AuditCalls;
}

/** Makes a client of one gateway's admin API. */
export function createApi(address: ApiAddress): Api {
  const calls = createCalls(address);
  const { get, post } = calls;
  return {
    ...calls,
    sources: {
      ...configured(calls, "/sources"),
      sign: (id, request) => post(`${at("/sources", id)}/sign`, request),
      sendTest: (id, options = {}) => post(`${at("/sources", id)}/test-event`, options),
    },
    providers: () => get("/providers"),
    rates: ratesOf(calls),
    secrets: secretsOf(calls),
    destinations: {
      ...configured<Destination, DestinationInput>(calls, "/destinations"),
      get: (id) => get(at("/destinations", id)),
      signingSecret: (id) => get(`${at("/destinations", id)}/signing-secret`),
    },
    routes: configured(calls, "/routes"),
    events: {
      ...listing<EventSummary, EventQuery, EventPage>(calls, "/events"),
      get: (id) => get(at("/events", id)),
      raw: (id) => get(`${at("/events", id)}/raw`),
      body: (id) => callApi(address, { method: "GET", path: `${at("/events", id)}/raw`, query: { part: "body" } }),
    },
    deliveries: { ...shelf(calls, "/deliveries"), retry: (id) => post(`${at("/deliveries", id)}/retry`) },
    ...recoveryOf(calls),
    rejections: {
      ...shelf(calls, "/rejections"),
      groups: (query = {}) => get("/rejections/groups", { ...query }),
    },
    loops: listing(calls, "/loops"),
    reconciliations: reconciliationsOf(calls),
    throttles: {
      show: () => get("/throttles"),
      set: (input) => post("/throttles", input),
      clear: (id) => calls.delete(at("/throttles", id)),
    },
    status: () => get("/status"),
    readiness: () => askReadiness(address),
    queue: () => get("/queue"),
    apply: (definition, { dryRun = false } = {}) => post("/configuration", { definition, dryRun }),
    configuration: () => get("/configuration"),
    keys: {
      ...listing<ApiKey, PageQuery>(calls, "/keys"),
      create: (input) => post("/keys", input),
      rotate: (id, options = {}) => post(`${at("/keys", id)}/rotate`, options),
      revoke: (id) => calls.delete(at("/keys", id)),
    },
    people: {
      ...listing<Person, PageQuery>(calls, "/people"),
      add: (input) => post("/people", input),
      update: (id, changes) => calls.patch(at("/people", id), changes),
    },
    audit: {
      ...listing<AuditEntry, AuditQuery, SearchedPage<AuditEntry>>(calls, "/audit"),
      verify: (from = {}) => get("/audit/verification", from),
    },
  };
}

type Calls = Pick<Api, "get" | "getTagged" | "post" | "patch" | "delete">;

function createCalls(address: ApiAddress): Calls {
  // The one place where what came over the wire is taken to have the shape that the API promises.
  const ask = async <T>(given: Parameters<typeof callApiForJson>[1]): Promise<Tagged<T>> =>
    (await callApiForJson(address, given)) as Tagged<T>;
  const call = async <T>(given: Parameters<typeof callApiForJson>[1]): Promise<T> => (await ask<T>(given)).value;
  return {
    get: (path, query = {}) => call({ method: "GET", path, query }),
    getTagged: (path) => ask({ method: "GET", path }),
    post: (path, body) => call({ method: "POST", path, body }),
    patch: (path, body, options = {}) => call({ method: "PATCH", path, body, ...options }),
    delete: (path) => call({ method: "DELETE", path }),
  };
}

function recoveryOf(calls: Calls): Pick<Api, "deadLetters" | "replays"> {
  const { get, post } = calls;
  return {
    deadLetters: {
      ...listing<DeadLetter, DeadLetterQuery, DeadLetterPage>(calls, "/dead-letters"),
      groups: (query = {}) => get("/dead-letters/groups", { ...query }),
      retry: (wish) => post("/dead-letters/retry", wish),
      dismiss: (wish) => post("/dead-letters/dismiss", wish),
      restore: (what, options = {}) => post("/dead-letters/restore", { ...what, ...options }),
      handlings: (query = {}) => get("/dead-letters/handlings", { ...query }),
    },
    replays: {
      ...shelf(calls, "/replays"),
      plan: (wish) => post("/replays", wish),
      run: (token, options = {}) => post("/replays/run", { token, ...options }),
      cancel: (id, options = {}) => post(`${at("/replays", id)}/cancel`, options),
    },
  };
}

const secretsAt = (source: string): string => `${at("/sources", source)}/secrets`;

function secretsOf({ get, post }: Calls): Secrets {
  return {
    list: (source) => get(secretsAt(source)),
    add: (source, input) => post(secretsAt(source), input),
    promote: (source, version, options = {}) => post(`${at(secretsAt(source), version)}/promote`, options),
    retire: (source, version, options = {}) => post(`${at(secretsAt(source), version)}/retire`, options),
    reseal: () => post("/secrets/reseal"),
  };
}

const runAt = (id: string): string => at("/reconciliation-runs", id);

function reconciliationsOf(calls: Calls): Reconciliations {
  return {
    ...shelf(calls, "/reconciliations"),
    create: (input) => calls.post("/reconciliations", input),
    update: (id, changes) => calls.patch(at("/reconciliations", id), changes),
    start: (id, window) => calls.post(`${at("/reconciliations", id)}/runs`, window ?? {}),
    runs: {
      ...shelf(calls, "/reconciliation-runs"),
      entries: (id, query = {}) => calls.get(`${runAt(id)}/entries`, { ...query }),
      cancel: (id) => calls.post(`${runAt(id)}/cancel`),
    },
  };
}

function listing<T, Q extends PageQuery, P extends Page<T> = Page<T>>(calls: Calls, path: string): Listing<T, Q, P> {
  const page = (query?: PageQuery): Promise<P> => calls.get<P>(path, { ...query });
  return { page, all: (query) => walk<T>(page, query) };
}

function shelf<T, D, Q extends PageQuery, P extends Page<T> = Page<T>>(calls: Calls, path: string): Shelf<T, D, Q, P> {
  return { ...listing<T, Q, P>(calls, path), get: (id) => calls.get(at(path, id)) };
}

function configured<T, I>(calls: Calls, path: string): Configured<T, I> {
  return {
    ...shelf<T, T, PageQuery>(calls, path),
    create: (input) => calls.post(path, input),
    update: (id, changes) => calls.patch(at(path, id), changes),
    disable: (id) => calls.delete(at(path, id)),
  };
}

/** An id as one segment of a path; a text with a slash or dots in it must not lead anywhere else. */
function at(path: string, id: string): string {
  if (id === "" || id === "." || id === "..") throw new TypeError("an id is needed");
  return `${path}/${encodeURIComponent(id)}`;
}
