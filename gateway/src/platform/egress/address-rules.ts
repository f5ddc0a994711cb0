import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import type { EgressPolicy } from "./egress-outcome.ts";

type Address = ReturnType<typeof ipaddr.parse>;
type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** The operator's policy, read once: networks that are open although the rules for everybody else refuse them. */
export interface AddressRules {
  allowed: readonly Network[];
}

/** `public`: everybody may deliver there. `allow_listed`: the operator opened it. `refused`: neither. */
export type AddressStanding = "public" | "allow_listed" | "refused";

/**
 * Networks that ipaddr.js calls `unicast` although no customer's service lives there. Sources: the IANA special-purpose
 * registries for IPv4 and IPv6, and Azure's documentation for 168.63.129.16 (its platform answers there inside each VM).
 */
const DENIED: readonly Network[] = [
  "168.63.129.16/32",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "2620:4f:8000::/48",
  "3fff::/20",
].map((cidr) => ipaddr.parseCIDR(cidr));

/**
 * The only IPv6 space from which global unicast addresses are given out (RFC 4291, 2.4, and the IANA registry). Asking for
 * it refuses at one stroke what a deny-list forgets: IPv4-compatible ::/96, NAT64 64:ff9b::/96 and 64:ff9b:1::/48,
 * site-local fec0::/10, discard 100::/64, segment routing 5f00::/16.
 */
const IPV6_GLOBAL: Network = ipaddr.parseCIDR("2000::/3");

/**
 * Says what is wrong with one entry of the operator's allow-list, or null. For the configuration, which reports every fault
 * at once. Bits beyond the prefix are a fault: `10.1.2.3/8` is either `10.0.0.0/8` or `10.1.2.3/32`, and guessing opens
 * sixteen million addresses.
 */
export function findCidrFault(cidr: string): string | null {
  const slash = cidr.indexOf("/");
  const address = slash === -1 ? cidr : cidr.slice(0, slash);
  const prefix = slash === -1 ? null : cidr.slice(slash + 1);
  const version = isIP(address);
  if (version === 0 || address.includes("%"))
    return `${JSON.stringify(cidr.slice(0, 64))} is not a network such as 10.0.0.0/8 or fd00::/8`;
  const bits = version === 4 ? 32 : 128;
  if (prefix === null) return `"${cidr}" has no prefix length; for this one address write ${address}/${bits}`;
  if (!/^(0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > bits)
    return `"${cidr}" needs a prefix length from 0 to ${bits}`;
  const network = networkAddress(ipaddr.parse(address), Number(prefix));
  if (network.toString() === ipaddr.parse(address).toString()) return null;
  return `"${cidr}" has bits set beyond its prefix; write ${network.toString()}/${prefix} or ${address}/${bits}`;
}

function networkAddress(address: Address, prefix: number): Address {
  const bytes = address.toByteArray().map((byte, i) => {
    const kept = Math.min(8, Math.max(0, prefix - i * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
  return ipaddr.fromByteArray(bytes);
}

/** Reads the policy. Throws on an entry that `findCidrFault` finds fault with: the configuration has refused it before. */
export function readAddressRules(policy: EgressPolicy): AddressRules {
  const fault = policy.allowCidrs.map(findCidrFault).find((found) => found !== null);
  if (fault !== undefined) throw new Error(`egress allow-list: ${fault}`);
  return { allowed: policy.allowCidrs.map((cidr) => ipaddr.parseCIDR(cidr)) };
}

/**
 * Judges one IP address in canonical text (as a URL parser or a resolver gives it). Anything that is not exactly one
 * address, and any address with a zone, is refused. An entry of the allow-list opens addresses of its own family only:
 * 10.0.0.0/8 does not open ::ffff:10.0.0.1.
 */
export function judgeAddress(address: string, rules: AddressRules): AddressStanding {
  if (isIP(address) === 0 || address.includes("%")) return "refused";
  const parsed = ipaddr.parse(address);
  if (rules.allowed.some((network) => isInside(parsed, network))) return "allow_listed";
  return isPublic(parsed) ? "public" : "refused";
}

function isPublic(address: Address): boolean {
  if (address.range() !== "unicast") return false;
  if (address.kind() === "ipv6" && !isInside(address, IPV6_GLOBAL)) return false;
  return !DENIED.some((network) => isInside(address, network));
}

function isInside(address: Address, [network, bits]: Network): boolean {
  if (address instanceof ipaddr.IPv4) return network instanceof ipaddr.IPv4 && address.match(network, bits);
  return network instanceof ipaddr.IPv6 && address.match(network, bits);
}
