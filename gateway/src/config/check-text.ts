import { isIP } from "node:net";
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

/** Reads a network in CIDR notation; a bare address is the network of itself. */
export function checkCidr(value: string): Reading<string> {
  const [address = "", bits, ...rest] = value.split("/");
  const width = isIP(address) === 4 ? 32 : 128;
  if (isIP(address) === 0 || rest.length > 0) {
    return {
      ok: false,
      problem: `must hold networks such as 10.0.0.0/8 or fd00::/8; it holds ${JSON.stringify(value.slice(0, 50))}`,
    };
  }
  if (bits === undefined) return { ok: true, value: `${address}/${width}` };
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > width) {
    return { ok: false, problem: `has the prefix length /${bits.slice(0, 10)}; it must be between 0 and ${width}` };
  }
  return { ok: true, value };
}
