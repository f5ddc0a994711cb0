import { isIP } from "node:net";
import { findCidrFault } from "../platform/egress/address-rules.ts";
import type { Reading } from "./setting.ts";

/** Each check returns what is wrong, as the end of a sentence that begins with the value's name, or null. No value is shown. */

export function checkConnectionString(value: string): string | null {
  if (!/^postgres(ql)?:\/\//.test(value)) return "must begin with postgres:// or postgresql://";
  return URL.canParse(value) ? null : "cannot be read as a URL; encode special characters of the password (%40 for @)";
}

export function checkHost(value: string): string | null {
  if (isIP(value) !== 0) return null;
  const labels = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;
  return labels.test(value) ? null : "must be an IP address or a host name, without scheme and port";
}

export function checkPublicUrl(value: string): string | null {
  if (!URL.canParse(value)) return "must be a URL such as https://hooks.example.com";
  const url = new URL(value);
  if (url.protocol !== "https:" && url.protocol !== "http:") return "must begin with https:// or http://";
  if (url.username !== "" || url.password !== "") return "must not hold a user name or password";
  return url.search === "" && url.hash === "" ? null : "must not hold a query or a fragment";
}

/** Reads a network in CIDR notation, as the egress will; a bare address is the network of itself. */
export function checkCidr(value: string): Reading<string> {
  const version = isIP(value);
  const network = version === 0 ? value : `${value}/${version === 4 ? 32 : 128}`;
  const fault = findCidrFault(network);
  return fault === null ? { ok: true, value: network } : { ok: false, problem: `cannot be used: ${fault}` };
}
