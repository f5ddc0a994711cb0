import { createHash } from "node:crypto";
import type { X509Certificate } from "node:crypto";
import { noHeader } from "../arrival.ts";
import type { Arrival } from "../arrival.ts";
import type { CodedScheme } from "../coded-scheme.ts";
import { defineProvider } from "../define-provider.ts";
import { checkTime } from "../engines/check-time.ts";
import { refuseClaim } from "../engines/jwt-claims.ts";
import { makeJws, parseJws, parseObject, textOf, verifyJws } from "../engines/jws.ts";
import type { JsonObject, Jws } from "../engines/jws.ts";
import type { Finding } from "../engines/proof.ts";
import { refuseBody, refuseIncomplete, refuseSpelling } from "../engines/read-parts.ts";
import { privateKeyOf } from "../engines/signing-key.ts";
import { chainFault, readCertificate, refuseCertificate } from "../engines/trust-certificate.ts";
import { path } from "../extract/json-scan.ts";
import { select } from "../extract/select.ts";
import { refuse } from "../refuse.ts";
import type { Refused } from "../verdict.ts";

/** SHA-256 of the DER of "Apple Root CA - G3", as apple.com/certificateauthority publishes it. */
const appleRootSha256 = "63343abfb89a6a03ebb57e9b3f5fa7be7c4f5c756f3017b3a8c488c3653e9179";
/** DER of the object identifiers 1.2.840.113635.100.6.11.1 (leaf) and 1.2.840.113635.100.6.2.1 (intermediate). */
const leafMark = Buffer.from("060a2a864886f76364060b01", "hex");
const intermediateMark = Buffer.from("060a2a864886f76364060201", "hex");

const scheme: CodedScheme = {
  engine: "jws",
  secret: null,
  readsPublicKeys: false,
  receiverFields: ["bundleId"],
  toleranceSec: null,
  signsUrl: false,
  prove,
  sign: (input) => {
    const x5c = Object.values(input.receiver.certificates ?? {}).map((pem) =>
      readCertificate(pem)?.raw.toString("base64"),
    );
    const token = makeJws("ES256", privateKeyOf(input), { alg: "ES256", x5c }, input.request.body);
    return { url: input.request.url, headers: [], body: Buffer.from(JSON.stringify({ signedPayload: token })) };
  },
};

/** App Store server notifications, version 2: a signature with its own chain of certificates. */
export const appleAppStore = defineProvider({
  slug: "apple-app-store",
  name: "App Store Server Notifications V2",
  headers: [noHeader],
  scheme,
  document: (_arrival, payload) => payload ?? Buffer.from("{}"),
  identity: {
    id: [{ body: "notificationUUID" }],
    type: [[{ body: "notificationType" }, { body: "subtype" }]],
    time: [{ place: { body: "signedDate" }, unit: "ms" }],
    version: [{ body: "version" }],
    forms: false,
  },
  stableContent: (_arrival, signed) => signed,
  facts: {
    identity: "signed",
    signedContent: "JWS header and payload of `signedPayload`",
    eventIdFrom: "`notificationUUID` in the signed payload; the same on every retry",
    dedupeKey: "notification id",
    notCovered: "anything beside `signedPayload` in the body, URL, method and headers",
    handshakeNote: "none: a TEST notification is an ordinary event",
    notes:
      "`bundleId` is needed; `environment` is Production unless it is set; `appId` is compared in Production where it is given. The chain must have three certificates with Apple's marks, in date when the payload was signed, up to Apple Root CA G3 (by its published hash) or the receiver's `trustedRoots`. Nothing is asked online, so that a revoked certificate passes. What is signed again inside the payload is not looked at.",
    source: ["@apple/app-store-server-library@3.1.0 dist/jws_verification.js", "apple.com/certificateauthority"],
    confidence: "medium",
  },
});

function prove(arrival: Arrival): Finding {
  const { bundleId } = arrival.receiver;
  if (typeof bundleId !== "string" || bundleId === "")
    return refuseIncomplete(arrival, "bundleId", "signs for every app with the same certificates");
  const [given] = select(arrival.request.body, [path("signedPayload")]);
  if (given?.kind !== "string") return refuseBody(arrival, "it has no signedPayload as text, once");
  const jws = parseJws(given.text);
  if (typeof jws === "string") return refuseSpelling("signedPayload", given.text, jws);
  const payload = parseObject(jws.payload);
  const signedDate = payload?.["signedDate"];
  if (payload === null || typeof signedDate !== "number" || !(signedDate > 0 && signedDate < 1e14))
    return refuseBody(arrival, "what is signed has no signedDate in milliseconds");
  if (jws.header["alg"] !== "ES256") return refuseSpelling("signedPayload", given.text, "only ES256 counts");
  const leaf = trustChain(arrival, jws, new Date(signedDate));
  if ("ok" in leaf) return leaf;
  const signed = Buffer.from(`${jws.headerText}.${jws.payloadText}`, "latin1");
  if (!verifyJws("ES256", leaf.publicKey, signed, jws.signature))
    return refuse("signature_mismatch", {
      step: "signature",
      summary: "The certificates are Apple's, but their key does not make the signature over this payload.",
      likelyCause: "body_or_secret_differs",
    });
  const late = checkTime(arrival, { at: "header", unit: "ms", toleranceSec: null }, signedDate);
  return (
    checkApp(arrival, payload) ??
    late ?? {
      ok: true,
      secretVersion: null,
      signedAt: new Date(signedDate),
      signed: [jws.payload],
      payload: jws.payload,
    }
  );
}

function trustChain(arrival: Arrival, { header }: Jws, at: Date): X509Certificate | Refused {
  const given: unknown = header["x5c"];
  const texts: readonly unknown[] = Array.isArray(given) ? given : [];
  const chain = texts.flatMap((text) =>
    typeof text === "string" ? (readCertificate(Buffer.from(text, "base64")) ?? []) : [],
  );
  const [leaf, intermediate, root] = chain;
  if (texts.length !== 3 || leaf === undefined || intermediate === undefined || root === undefined)
    return refuseCertificate(arrival, "the chain has not three certificates");
  const { trustedRoots } = arrival.receiver;
  const roots =
    trustedRoots === undefined
      ? [root].filter(({ raw }) => createHash("sha256").update(raw).digest("hex") === appleRootSha256)
      : trustedRoots.slice(0, 8).flatMap((pem) => readCertificate(pem) ?? []);
  if (!leaf.raw.includes(leafMark)) return refuseCertificate(arrival, "it has not the mark of the App Store");
  if (!intermediate.raw.includes(intermediateMark))
    return refuseCertificate(arrival, "the one above it has not the mark of Apple's intermediates");
  if (!intermediate.ca || !leaf.checkIssued(intermediate))
    return refuseCertificate(arrival, "the chain does not hold together");
  const fault = chainFault(leaf, [intermediate], roots, at);
  return fault === null ? leaf : refuseCertificate(arrival, fault);
}

function checkApp(arrival: Arrival, payload: JsonObject): Refused | null {
  const { bundleId, environment = "Production", appId } = arrival.receiver;
  const at = ["data", "summary", "externalPurchaseToken", "appData"].find((name) => isObject(payload[name]));
  const part: JsonObject = { ...(at === undefined ? {} : Object(payload[at])) };
  if (part["bundleId"] !== bundleId) return refuseClaim(arrival, "bundleId", part["bundleId"], String(bundleId));
  const isToken = at === "externalPurchaseToken";
  const tokenEnvironment =
    textOf(part, "externalPurchaseId")?.startsWith("SANDBOX") === true ? "Sandbox" : "Production";
  const given = isToken ? tokenEnvironment : part["environment"];
  if (given !== environment) return refuseClaim(arrival, "environment", given, environment);
  if (environment !== "Production" || appId === undefined || String(part["appAppleId"]) === String(appId)) return null;
  return refuseClaim(arrival, "appAppleId", part["appAppleId"], String(appId));
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}
