import { isIP, type Socket } from "node:net";
import { createAddressBook } from "./address-book.ts";
import { judgeAddress, readAddressRules } from "./address-rules.ts";
import type { Clock } from "../clock.ts";
import { EGRESS_LIMITS } from "./create-egress.ts";
import { dial } from "./dial.ts";
import type { EgressPolicy } from "./egress-outcome.ts";
import { createLookup, type HostLookup } from "./look-up-host.ts";
import { ADDRESS_REFUSED } from "./vet-url.ts";

/** The ports that mail servers take mail for sending on (RFC 8314, RFC 6409), the old port 25, and the custom 2525. */
const MAIL_PORTS: ReadonlySet<number> = new Set([25, 465, 587, 2525]);

/** A connected socket without TLS, or why there is none. */
export type MailDialled =
  | { readonly ok: true; readonly socket: Socket }
  | { readonly ok: false; readonly detail: string };

/** Connects to mail servers. */
export interface MailDialer {
  dial(host: string, port: number, timeoutMs: number): Promise<MailDialled>;
  /** Ends what is being dialled and every connection that was. */
  close(): void;
}

/**
 * Makes the only way to a mail server. A name is looked up once and every address is vetted as for deliveries; only a vetted
 * address is dialled, and outside of the networks that the operator has allowed only the ports of mail.
 */
export function createMailDialer(parts: {
  readonly policy: EgressPolicy;
  readonly clock: Clock;
  readonly lookup?: HostLookup;
}): MailDialer {
  const rules = readAddressRules(parts.policy);
  const { lookupTimeoutMs, addressesKeptMs } = EGRESS_LIMITS;
  const lookup = parts.lookup ?? createLookup();
  const book = createAddressBook({ lookup, clock: parts.clock, lookupTimeoutMs, addressesKeptMs });
  const aborter = new AbortController();
  const open = new Set<Socket>();
  return {
    dial: async (host, port, timeoutMs) => {
      const found = isIP(host) === 0 ? await book.find(host) : { ok: true as const, addresses: [host] };
      if (!found.ok) return { ok: false, detail: found.detail };
      const standings = found.addresses.map((address) => judgeAddress(address, rules));
      if (standings.length === 0 || standings.includes("refused")) return { ok: false, detail: ADDRESS_REFUSED };
      if (!MAIL_PORTS.has(port) && !standings.every((standing) => standing === "allow_listed"))
        return { ok: false, detail: `mail may not go to port ${port}; use ${[...MAIL_PORTS].join(", ")}` };
      const { signal } = aborter;
      const dialled = await dial({ addresses: found.addresses, port, tls: null, connectTimeoutMs: timeoutMs, signal });
      if (!dialled.ok) return { ok: false, detail: dialled.detail };
      const { socket } = dialled;
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      return { ok: true, socket };
    },
    close: () => {
      aborter.abort();
      for (const socket of open) socket.destroy();
      book.close();
    },
  };
}
