import { lookup as systemLookup, Resolver } from "node:dns/promises";
import { HOSTS_FILE, readHostsFile } from "./hosts-file.ts";

/** All addresses of a name, or why there are none, in words for the attempt's record. */
export type LookupAnswer = { ok: true; addresses: string[] } | { ok: false; detail: string };

/** Resolves a host name (never an IP literal). Gives up when the signal fires; never throws. */
export type HostLookup = (host: string, signal: AbortSignal) => Promise<LookupAnswer>;

/** What a lookup asks. All of it is the machine's own when absent. */
export interface LookupSources {
  /** DNS servers as `ip` or `ip:port`. */
  servers?: readonly string[];
  /** How long one server may take for one try; there are two tries. */
  tryTimeoutMs?: number;
  hostsFile?: string;
  /** The system's own resolver: search domains, mDNS, whatever the machine was given. */
  system?: (host: string) => Promise<string[]>;
}

/** A second family's answer is waited for this long once the first has come (RFC 8305, 3, waits 50 ms; DNS over a VPN is slower). */
const OTHER_FAMILY_WAIT_MS = 250;

/**
 * Calls to the system's resolver that may be under way at once. Each holds one of libuv's four threads until the name
 * server answers or gives up, and the same threads open files and look up the database's host: a tenant whose name server
 * never answers must not be able to take them all.
 */
const SYSTEM_LOOKUPS_MAX = 2;

/** Codes that say "no such name here", after which the system's resolver is asked: it knows search domains and more. */
const UNKNOWN_HERE: ReadonlySet<string> = new Set(["ENOTFOUND", "ENODATA", "ECONNREFUSED", "EBADNAME"]);

/**
 * Makes the lookup of the product: hosts file, then DNS for both families (cancellable and outside the thread pool), then
 * the system's resolver for names that DNS does not know. `localhost` never leaves the machine (RFC 6761, 6.3).
 */
export function createLookup(sources: LookupSources = {}): HostLookup {
  const hostsFile = sources.hostsFile ?? HOSTS_FILE;
  const system = limitCalls(sources.system ?? askSystem, SYSTEM_LOOKUPS_MAX);
  return async (host, signal) => {
    const listed = (await readHostsFile(hostsFile)).get(host) ?? [];
    if (listed.length > 0) return { ok: true, addresses: [...listed] };
    if (host === "localhost" || host.endsWith(".localhost")) return { ok: true, addresses: ["127.0.0.1", "::1"] };
    const answer = await askDns(host, sources, signal);
    if (answer.addresses.length > 0) return { ok: true, addresses: answer.addresses };
    if (!UNKNOWN_HERE.has(answer.code)) return { ok: false, detail: `DNS lookup failed with ${answer.code}` };
    const addresses = await system(host, signal);
    if (addresses.length > 0) return { ok: true, addresses };
    return { ok: false, detail: `DNS knows no address for the host (${answer.code})` };
  };
}

interface DnsAnswer {
  addresses: string[];
  code: string;
}

async function askDns(host: string, sources: LookupSources, signal: AbortSignal): Promise<DnsAnswer> {
  if (signal.aborted) return { addresses: [], code: "ECANCELLED" };
  const resolver = new Resolver({ timeout: sources.tryTimeoutMs ?? 2_000, tries: 2 });
  if (sources.servers !== undefined) resolver.setServers(sources.servers);
  const cancel = (): void => resolver.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    const families = [settle(resolver.resolve4(host)), settle(resolver.resolve6(host))] as const;
    return await firstThenOther(families, resolver);
  } finally {
    signal.removeEventListener("abort", cancel);
    resolver.cancel();
  }
}

/** Waits for both families, but only a moment for the second once the first has given addresses. */
async function firstThenOther(
  families: readonly [Promise<DnsAnswer>, Promise<DnsAnswer>],
  resolver: Resolver,
): Promise<DnsAnswer> {
  const both = Promise.all(families);
  const usable = families.map(async (family) => ((await family).addresses.length > 0 ? undefined : await both));
  await Promise.race(usable);
  const timer = setTimeout(() => resolver.cancel(), OTHER_FAMILY_WAIT_MS);
  const [four, six] = await both;
  clearTimeout(timer);
  // An unreachable or failing server says more than "no such record", which the other family may be rightly answered with.
  const code = UNKNOWN_HERE.has(four.code) ? six.code : four.code;
  return { addresses: [...four.addresses, ...six.addresses], code };
}

async function settle(answer: Promise<string[]>): Promise<DnsAnswer> {
  try {
    return { addresses: await answer, code: "" };
  } catch (error) {
    return { addresses: [], code: errorCode(error) };
  }
}

async function askSystem(host: string): Promise<string[]> {
  const found = await systemLookup(host, { all: true, verbatim: true });
  return found.map((entry) => entry.address);
}

/** Lets at most `callsMax` calls run; the others wait their turn or until the signal. A call that fails found nothing. */
function limitCalls(call: (host: string) => Promise<string[]>, callsMax: number) {
  const waiting = new Set<() => void>();
  const turns = { running: 0 };
  const wakeNext = (): void => {
    const [next] = waiting;
    if (next === undefined) return;
    waiting.delete(next);
    next();
  };
  return async (host: string, signal: AbortSignal): Promise<string[]> => {
    while (turns.running >= callsMax && !signal.aborted) await waitForTurn(waiting, signal);
    if (signal.aborted) {
      wakeNext();
      return [];
    }
    turns.running += 1;
    try {
      return await call(host);
    } catch {
      return [];
    } finally {
      turns.running -= 1;
      wakeNext();
    }
  };
}

function waitForTurn(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    waiting.add(resolve);
    const leave = (): void => {
      waiting.delete(resolve);
      resolve();
    };
    signal.addEventListener("abort", leave, { once: true });
  });
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "UNKNOWN";
}
