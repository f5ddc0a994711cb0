import type { Arrival } from "../arrival.ts";
import { checkClaims, refuseClaim } from "./jwt-claims.ts";
import type { ClaimRules } from "./jwt-claims.ts";
import { proveToken } from "./jwt-scheme.ts";
import type { TokenRule } from "./jwt-scheme.ts";
import type { Finding } from "./proof.ts";

/** Where Microsoft Entra publishes the keys of all tenants. */
const keySet = "https://login.microsoftonline.com/common/discovery/v2.0/keys";

/** How tokens of Microsoft Entra are proved: RS256 with Microsoft's published keys. */
export const entraTokenRule: TokenRule = {
  algorithms: () => ["RS256"],
  secret: null,
  readsPublicKeys: true,
  need: (kid) => ({ kind: "jwks", url: keySet, kid }),
};

/** Entra's libraries allow clocks to differ by five minutes. The issuer holds the tenant's id, so that it must be configured. */
const claimRules: ClaimRules = {
  leewaySec: 300,
  expires: true,
  issuers: ({ issuers }) => issuers ?? [],
  audience: ({ audience }) => audience,
};

/** A token for the receiver's audience by one of its issuers, made for this application where one is given. */
export function proveEntraToken(
  arrival: Arrival,
  rule: TokenRule,
  text: string,
  where: string,
  appId?: string,
): Finding {
  const proved = proveToken(arrival, rule, text, where);
  if (!proved.ok) return proved;
  const { claims, version } = proved;
  const expected = appId ?? (arrival.receiver.appId === undefined ? null : String(arrival.receiver.appId));
  const fault = checkClaims(arrival, claims, claimRules);
  if (fault !== null) return fault;
  const given = claims["azp"] ?? claims["appid"];
  if (expected !== null && given !== expected) return refuseClaim(arrival, "azp", given, expected);
  return { ok: true, secretVersion: version, signedAt: null, signed: [] };
}
