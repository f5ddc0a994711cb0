import type { Arrival } from "../arrival.ts";
import { fillTemplate } from "../content-template.ts";
import type { ContentValues } from "../content-template.ts";
import { refuse } from "../refuse.ts";
import type { HmacTemplateScheme, TimestampRule } from "../scheme.ts";
import { gunzip } from "../extract/gunzip.ts";
import { readBodyTime } from "./body-time.ts";
import { checkTime } from "./check-time.ts";
import { readClaim } from "./claim.ts";
import type { Claim } from "./claim.ts";
import { decideHmac } from "./hmac-case.ts";
import { hmac } from "./hmac-match.ts";
import type { Match } from "./hmac-match.ts";
import { hashBytes } from "./hmac-pads.ts";
import type { Finding } from "./proof.ts";
import { publicUrl } from "./public-url.ts";
import { refuseBody } from "./read-parts.ts";

/** Longer than any text of a URL check. */
const neverBodyBytesMax = 1024;

/** Verifies one HMAC over a template: the scheme of most providers. */
export function proveHmacTemplate(arrival: Arrival, scheme: HmacTemplateScheme): Finding {
  const { content, signature, timestamp, hash, secret } = scheme;
  const url = content.signsUrl ? registeredUrl(arrival) : "";
  if (content.signsUrl && url === "") return refuseNoUrl(arrival);
  const claim = readClaim(arrival, { signature, timestamp, signsId: content.signsId, signatureBytes: hashBytes[hash] });
  if (!claim.ok) return claim;
  const { body: came } = arrival.request;
  // Unpacked once: the trials of a diagnosis must not unpack it again each.
  const unpacked = scheme.gunzips === true ? gunzip(came) : came;
  const contentsOf = (body: Uint8Array, notificationUrl: string) => [
    fillTemplate(content, {
      body: body === came ? unpacked : body,
      notificationUrl,
      timestamp: claim.timestamp,
      id: claim.id,
    }),
  ];
  const decided = decideHmac({ arrival, hash, secret, claim, contentsOf, url });
  if (!decided.ok) return decided;
  if (scheme.neverBody?.test(Buffer.from(came.subarray(0, neverBodyBytesMax)).toString("latin1")) === true)
    return refuseBody(arrival, "it is the text of a URL check, which is signed for anybody who asks");
  return settleTime(arrival, scheme.timestamp, claim, decided);
}

function settleTime(arrival: Arrival, rule: TimestampRule | null, claim: Claim, { key, content }: Match): Finding {
  if (rule === null) return { ok: true, secretVersion: key.version, signed: content, signedAt: null };
  const { body } = arrival.request;
  const signedAtMs = typeof rule.at === "object" ? readBodyTime(body, rule.at.body, rule) : claim.signedAtMs;
  if (typeof signedAtMs !== "number") return signedAtMs;
  const refused = checkTime(arrival, rule, signedAtMs);
  return refused ?? { ok: true, secretVersion: key.version, signed: content, signedAt: new Date(signedAtMs) };
}

/** The URL as it is registered; where the receiver has none, the request's own when it is absolute. */
function registeredUrl({ receiver, request }: Arrival): string {
  return receiver.notificationUrl ?? receiver.callbackUrl ?? publicUrl({ receiver, request }) ?? "";
}

function refuseNoUrl({ entry }: Arrival) {
  return refuse("receiver_incomplete", {
    step: "receiver",
    summary: `${entry.provider.name} signs the URL that is registered there, so the receiver needs it in notificationUrl, exactly as registered.`,
    evidence: { field: "notificationUrl" },
    likelyCause: "configuration",
  });
}

/** The signatures that the scheme makes with these keys, one for each. */
export function signHmacTemplate(
  scheme: HmacTemplateScheme,
  keys: readonly (string | Buffer)[],
  values: ContentValues,
): Buffer[] {
  const body = scheme.gunzips === true ? gunzip(values.body) : values.body;
  const content = fillTemplate(scheme.content, { ...values, body });
  return keys.map((key) => hmac(scheme.hash, key, content));
}
