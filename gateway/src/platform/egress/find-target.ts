import { isIP } from "node:net";
import type { Log } from "../log.ts";
import type { AddressBook } from "./address-book.ts";
import { type AddressRules, judgeAddress } from "./address-rules.ts";
import type { BlockedReason, EgressFault } from "./egress-outcome.ts";
import type { EndSignal } from "./give-up.ts";
import { ADDRESS_REFUSED, dialHost, dialPort, isPortAllowed, portRefused, vetUrlByRules } from "./vet-url.ts";

/** One vetted target: nothing but these addresses is dialled for this post. */
export interface Target {
  url: URL;
  /** What the certificate must name and SNI asks for; null for an IP literal. */
  serverName: string | null;
  port: number;
  addresses: readonly string[];
}

export type Failure = { kind: "failed"; fault: EgressFault; detail: string };
export type Blocked = { kind: "blocked"; reason: BlockedReason; detail: string };

/** What a target is found and judged with. */
export interface TargetParts {
  rules: AddressRules;
  book: AddressBook;
  log: Pick<Log, "warn">;
}

/** Vets the URL and every address behind it. One bad address among good ones refuses them all: such a mix is an attack or a mistake. */
export async function findTarget(
  parts: TargetParts,
  text: string,
  signal: EndSignal,
): Promise<Target | Blocked | Failure> {
  const vetted = vetUrlByRules(text, parts.rules);
  if (!vetted.ok) return { kind: "blocked", reason: vetted.code, detail: vetted.message };
  const { url } = vetted;
  const host = dialHost(url);
  const port = dialPort(url);
  if (isIP(host) !== 0) return { url, serverName: null, port, addresses: [host] };
  const answer = await findAddresses(parts.book, host, signal);
  if (!answer.ok) return answer.failure;
  const refusal = judgeAnswer(parts, host, port, answer.addresses);
  return refusal ?? { url, serverName: host, port, addresses: answer.addresses };
}

function judgeAnswer(parts: TargetParts, host: string, port: number, addresses: string[]): Blocked | null {
  const standings = addresses.map((address) => judgeAddress(address, parts.rules));
  if (standings.includes("refused")) {
    parts.log.warn({ host, addresses: addresses.slice(0, 8) }, "egress refused a host because of its addresses");
    return { kind: "blocked", reason: "address", detail: ADDRESS_REFUSED };
  }
  const allowed = standings.every((standing) => isPortAllowed(port, standing === "allow_listed"));
  return allowed ? null : { kind: "blocked", reason: "port", detail: portRefused(port) };
}

type Found = { ok: true; addresses: string[] } | { ok: false; failure: Failure };

async function findAddresses(book: AddressBook, host: string, signal: EndSignal): Promise<Found> {
  const gaveUp = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  const answer = await Promise.race([book.find(host), gaveUp]);
  if (answer === null) return failed("aborted", "the attempt was given up while looking up the host");
  if (!answer.ok) return failed("dns", answer.detail);
  return answer.addresses.length === 0 ? failed("dns", "the host has no address") : answer;
}

function failed(fault: EgressFault, detail: string): Found {
  return { ok: false, failure: { kind: "failed", fault, detail } };
}
