import { createHash, createHmac, generateKeyPairSync, sign as sg, createPrivateKey } from "node:crypto";
import { crc32 } from "node:zlib";
import { test } from "vitest";
import { verify } from "../src/index.ts";
import { certificates } from "./certificates.ts";
const now = new Date(1714979289000);
const s = "8f742231b10e8888abcd99e6d1f4a2b7"; const hex64 = s + s; const url = "https://example.com/in/abc";
const sec = "1714979289", ms = "1714979289000";
const H = (k: any, ...c: any[]) => { const h = createHmac("sha256", k); for (const x of c) h.update(x); return h; };
const H1 = (k: any, ...c: any[]) => { const h = createHmac("sha1", k); for (const x of c) h.update(x); return h; };
const b64u = (x: any) => Buffer.from(typeof x === "string" ? x : JSON.stringify(x)).toString("base64url");
const hs = (claims: any, key: any, head: any = { alg: "HS256", typ: "JWT" }) => { const t = `${b64u(head)}.${b64u(claims)}`; return `${t}.${H(key, t).digest("base64url")}`; };
const sha = (b: any, e: any = "hex") => createHash("sha256").update(b).digest(e) as unknown as string;
const p256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" }), p521 = generateKeyPairSync("ec", { namedCurve: "secp521r1" }), rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }), ed = generateKeyPairSync("ed25519");
const pem = (k: any) => k.publicKey.export({ format: "pem", type: "spki" }) as string;
const der = (k: any) => (k.publicKey.export({ format: "der", type: "spki" }) as Buffer).toString("base64");
const jwk = (k: any, more = {}) => ({ ...k.publicKey.export({ format: "jwk" }), ...more });
const jws = (alg: string, key: any, claims: any, head = {}) => { const t = `${b64u({ alg, typ: "JWT", ...head })}.${b64u(claims)}`; const hash = alg === "EdDSA" ? null : alg === "ES512" ? "sha512" : "sha256"; return `${t}.${sg(hash, Buffer.from(t), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`; };
const raw = (ed.publicKey.export({ format: "der", type: "spki" }) as Buffer).subarray(-32);
type V = [string, any, any, string?];
const R = (headers: any, body: string, o: any = {}) => ({ method: "POST", url, headers, body: Buffer.from(body), ...o });
const list: { n: string; p: string; r: any; q: any; want?: any }[] = [];
const add = (p: string, n: string, r: any, q: any, want: any = {}) => list.push({ p, n, r, q, want });
const iat = 1714979289;
test("x", () => {
  const body = '{"id":"e1","type":"t"}';
  // plaid
  const plaid = jws("ES256", p256.privateKey, { iat, request_body_sha256: sha(body) }, { kid: "k1" });
  for (const [n, k] of [["jwk string", { kid: "k1", format: "jwk", value: JSON.stringify(jwk(p256)) }], ["jwk obj", { kid: "k1", format: "jwk", value: jwk(p256) }], ["pem", { kid: "k1", format: "spki-pem", value: pem(p256) }], ["no kid", { format: "jwk", value: JSON.stringify(jwk(p256, { kid: "k1", alg: "ES256", use: "sig", created_at: 1, expired_at: null })) }], ["der", { kid: "k1", format: "spki-der-base64", value: der(p256) }]] as const) add("plaid", n, { publicKeys: [k] }, R({ "Plaid-Verification": plaid }, body));
  add("plaid", "jwt no typ, 5 min", { publicKeys: [{ kid: "k1", format: "jwk", value: JSON.stringify(jwk(p256)) }] }, R({ "plaid-verification": jws("ES256", p256.privateKey, { iat: iat - 299, request_body_sha256: sha(body) }, { kid: "k1" }) }, body));
  add("plaid", "secretRoles etc", { publicKeys: [{ kid: "k1", format: "jwk", value: JSON.stringify(jwk(p256)) }], toleranceSec: 300 }, R([["Plaid-Verification", plaid]], body));
  // sendgrid
  const sgb = '[{"sg_event_id":"a","event":"open","timestamp":1714979280}]\r\n';
  const sgs = sg("sha256", Buffer.from(sec + sgb), p256.privateKey).toString("base64");
  for (const [n, k] of [["der", { format: "spki-der-base64", value: der(p256) }], ["pem", { format: "spki-pem", value: pem(p256) }], ["jwk", { format: "jwk", value: JSON.stringify(jwk(p256)) }]] as const) add("sendgrid", n, { publicKeys: [k] }, R({ "X-Twilio-Email-Event-Webhook-Signature": sgs, "X-Twilio-Email-Event-Webhook-Timestamp": sec }, sgb), { eventId: "a", eventType: "open" });
  // discord
  for (const [n, k] of [["hex", { format: "ed25519-raw-hex", value: raw.toString("hex") }], ["b64", { format: "ed25519-raw-base64", value: raw.toString("base64") }], ["pem", { format: "spki-pem", value: pem(ed) }], ["der", { format: "spki-der-base64", value: der(ed) }], ["jwk", { format: "jwk", value: JSON.stringify(jwk(ed)) }], ["jwk obj", { format: "jwk", value: jwk(ed) }]] as const) {
    add("discord", n, { publicKeys: [k] }, R({ "X-Signature-Ed25519": sg(null, Buffer.from(sec + body), ed.privateKey).toString("hex"), "X-Signature-Timestamp": sec }, body));
    add("telnyx", n, { publicKeys: [k] }, R({ "telnyx-signature-ed25519": sg(null, Buffer.from(`${sec}|${body}`), ed.privateKey).toString("base64"), "telnyx-timestamp": sec }, body));
  }
  // wise
  for (const [n, k] of [["pem", { format: "spki-pem", value: pem(rsa) }], ["der", { format: "spki-der-base64", value: der(rsa) }]] as const) add("wise", n, { publicKeys: [k] }, R({ "X-Signature-SHA256": sg("sha256", Buffer.from(body), rsa.privateKey).toString("base64"), "X-Delivery-Id": "d1" }, body), { eventId: "d1" });
  // pubsub
  const pub = (c = {}) => jws("RS256", rsa.privateKey, { iss: "https://accounts.google.com", aud: url, email: "a@b", email_verified: true, iat, exp: iat + 3600, sub: "1", azp: "1", ...c }, { kid: "g1" });
  const pb = '{"message":{"messageId":"m1","publishTime":"2024-05-06T07:08:00Z","attributes":{"eventType":"X"}},"subscription":"s"}';
  for (const [n, k] of [["jwk", { kid: "g1", format: "jwk", value: JSON.stringify(jwk(rsa)) }], ["jwk kid inside", { format: "jwk", value: JSON.stringify(jwk(rsa, { kid: "g1", use: "sig" })) }], ["pem", { kid: "g1", format: "spki-pem", value: pem(rsa) }]] as const) add("google-pubsub", n, { publicKeys: [k], audience: url, email: "a@b" }, R({ Authorization: `Bearer ${pub()}` }, pb), { eventId: "m1", eventType: "X" });
  add("google-pubsub", "no email", { publicKeys: [{ kid: "g1", format: "spki-pem", value: pem(rsa) }], audience: url }, R({ Authorization: `Bearer ${pub()}` }, pb));
  add("google-pubsub", "issuers", { publicKeys: [{ kid: "g1", format: "spki-pem", value: pem(rsa) }], audience: url, email: "a@b", issuers: ["https://accounts.google.com"] }, R({ authorization: `Bearer ${pub()}` }, pb));
  add("google-pubsub", "certificate pem in publicKeys (RSA cert)", { publicKeys: [{ kid: "g1", format: "spki-pem", value: certificates.signer }], audience: url, email: "a@b" }, R({ Authorization: `Bearer ${jws("RS256", createPrivateKey(certificates.signerKey), { iss: "https://accounts.google.com", aud: url, email: "a@b", email_verified: true, iat, exp: iat + 3600 }, { kid: "g1" })}` }, pb));
  // hmac jwt
  add("netlify", "plain", { secrets: [s] }, R({ "X-Webhook-Signature": hs({ iss: "netlify", sha256: sha(body) }, s), "X-Netlify-Event": "deploy_created" }, body), { eventType: "deploy_created" });
  add("netlify", "with iat exp", { secrets: [{ value: s }] }, R({ "X-Webhook-Signature": hs({ iss: "netlify", sha256: sha(body), iat, exp: iat + 60 }, s) }, body));
  add("livekit", "plain", { keyId: "API1", secrets: [s] }, R({ Authorization: hs({ iss: "API1", sha256: sha(body, "base64"), exp: iat + 300, nbf: iat, sub: "x" }, s) }, body), { eventId: "e1" });
  add("livekit", "no keyId", { secrets: [s] }, R({ Authorization: hs({ iss: "API1", sha256: sha(body, "base64"), exp: iat + 300 }, s) }, body));
  add("livekit", "nbf ahead 4 min", { keyId: "API1", secrets: [s] }, R({ Authorization: hs({ iss: "API1", sha256: sha(body, "base64"), exp: iat + 300, nbf: iat + 5 }, s) }, body));
  add("livekit", "expired 60 s (tolerance 300 by facts)", { keyId: "API1", secrets: [s] }, R({ Authorization: hs({ iss: "API1", sha256: sha(body, "base64"), exp: iat - 60 }, s) }, body));
  add("livekit", "tolerance 300", { keyId: "API1", secrets: [s], toleranceSec: 300 }, R({ Authorization: hs({ iss: "API1", sha256: sha(body, "base64"), exp: iat - 60 }, s) }, body));
  add("vonage", "plain", { secrets: [s] }, R({ Authorization: `Bearer ${hs({ iat, iss: "Vonage", payload_hash: sha(body), jti: "1", application_id: "a" }, s)}` }, body));
  add("upstash-qstash", "current/next", { secrets: [{ value: "cur" + s, version: "current" }, { value: s, version: "next" }], secretRoles: { current: "current", next: "next" } }, R({ "Upstash-Signature": hs({ iss: "Upstash", sub: url, iat, nbf: iat, exp: iat + 300, jti: "j", body: sha(body, "base64url") }, s), "Upstash-Message-Id": "m" }, body), { eventId: "m" });
  add("upstash-qstash", "padded body hash", { secrets: [s] }, R({ "Upstash-Signature": hs({ iss: "Upstash", sub: url, iat, nbf: iat, exp: iat + 300, jti: "j", body: sha(body, "base64url") + "=" }, s), "Upstash-Message-Id": "m" }, body));
  add("upstash-qstash", "notificationUrl, path url", { secrets: [s], notificationUrl: url }, R({ "Upstash-Signature": hs({ iss: "Upstash", sub: url, iat, nbf: iat, exp: iat + 300, jti: "j", body: sha(body, "base64url") }, s), "Upstash-Message-Id": "m" }, body, { url: "/in/abc" }));
  add("messagebird", "plain", { secrets: [s] }, R({ "MessageBird-Signature-JWT": hs({ iss: "MessageBird", nbf: iat, iat, exp: iat + 60, jti: "j", url_hash: sha(url + "?a=1"), payload_hash: sha(body) }, s) }, body, { url: url + "?a=1" }));
  add("monday", "plain", { secrets: [s] }, R({ Authorization: hs({ iat, exp: iat + 300, accountId: 1, aud: url }, s) }, '{"event":{"type":"create_pulse","triggerUuid":"u","triggerTime":"2024-05-06T07:08:00Z"}}'), { eventId: "u", eventType: "create_pulse" });
  add("monday", "Bearer", { secrets: [s] }, R({ Authorization: "Bearer " + hs({ iat, exp: iat + 300 }, s) }, '{"event":{"triggerUuid":"u"}}'));
  add("fusionauth", "HS256", { secrets: [s], algorithm: "HS256" }, R({ "X-FusionAuth-Signature-JWT": hs({ request_body_sha256: sha(body, "base64") }, s, { alg: "HS256", typ: "JWT", kid: "x" }) }, body));
  add("fusionauth", "RS256", { publicKeys: [{ kid: "f", format: "jwk", value: JSON.stringify(jwk(rsa)) }], algorithm: "RS256" }, R({ "X-FusionAuth-Signature-JWT": jws("RS256", rsa.privateKey, { request_body_sha256: sha(body, "base64") }, { kid: "f" }) }, body));
  add("fusionauth", "ES256 no algorithm", { publicKeys: [{ format: "jwk", value: JSON.stringify(jwk(p256)) }] }, R({ "X-FusionAuth-Signature-JWT": jws("ES256", p256.privateKey, { request_body_sha256: sha(body, "base64") }, { kid: "f" }) }, body));
  add("fusionauth", "EdDSA", { publicKeys: [{ format: "ed25519-raw-hex", value: raw.toString("hex") }], algorithm: "EdDSA" }, R({ "X-FusionAuth-Signature-JWT": jws("EdDSA", ed.privateKey, { request_body_sha256: sha(body, "base64") }) }, body));
  // wix
  const wix = (d: any) => jws("RS256", rsa.privateKey, { data: d, iat, exp: iat + 3600, iss: "wix.com" });
  add("wix", "nested strings", { publicKeys: [{ format: "spki-pem", value: pem(rsa) }], appId: "a" }, R({ "content-type": "text/plain" }, wix(JSON.stringify({ eventType: "T", instanceId: "i", data: JSON.stringify({ id: "w1", eventTime: "2024-05-06T07:08:00Z", entityFqdn: "x" }) }))), { eventId: "w1", eventType: "T" });
  add("wix", "data.data object", { publicKeys: [{ format: "spki-pem", value: pem(rsa) }] }, R({}, wix(JSON.stringify({ eventType: "T", data: { id: "w1", eventTime: "2024-05-06T07:08:00Z" } }))), { eventId: "w1" });
  add("wix", "all objects", { publicKeys: [{ format: "spki-pem", value: pem(rsa) }] }, R({}, wix({ eventType: "T", data: { id: "w1" } })), { eventId: "w1", eventType: "T" });
  // truelayer
  const tl = (names: string[], hd: any, path: string, b: string) => { const h = b64u({ alg: "ES512", kid: "k", tl_version: "2", tl_headers: names.join(","), jku: "https://webhooks.truelayer.com/.well-known/jwks" }); const t = `POST ${path}\n${names.map((x) => `${x}: ${hd[x]}\n`).join("")}${b}`; return `${h}..${sg("sha512", Buffer.from(`${h}.${b64u(t)}`), { key: p521.privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`; };
  const tb = '{"event_id":"e","type":"payment_executed","event_version":1}'; const th = { "X-Tl-Webhook-Timestamp": "2024-05-06T07:08:09Z", "Content-Type": "application/json" };
  for (const [n, k] of [["pem", { kid: "k", format: "spki-pem", value: pem(p521) }], ["jwk", { kid: "k", format: "jwk", value: JSON.stringify(jwk(p521)) }]] as const) { add("truelayer", n, { publicKeys: [k] }, R({ ...th, "Tl-Signature": tl(["X-Tl-Webhook-Timestamp"], th, "/in/abc", tb) }, tb), { eventId: "e" }); add("truelayer", n + " 2 headers lower", { publicKeys: [k] }, R({ "content-type": "application/json", "x-tl-webhook-timestamp": th["X-Tl-Webhook-Timestamp"], "tl-signature": tl(["Content-Type", "X-Tl-Webhook-Timestamp"], th, "/in/abc", tb) }, tb)); }
  // paypal
  const cu = "https://api.paypal.com/v1/notifications/certs/CERT-1", sk = createPrivateKey(certificates.signerKey);
  for (const [n, t, c] of [["Z", "2024-05-06T07:08:09Z", cu], ["ms", "2024-05-06T07:08:09.000Z", cu], ["sandbox host", "2024-05-06T07:08:09Z", "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1"]] as const)
    for (const roots of [undefined, [certificates.root]]) add("paypal", n + !!roots, { webhookId: "WH1", certificates: { [c]: certificates.signer }, ...(roots ? { trustedRoots: roots } : {}), certHostPattern: n === "ms" ? "^(.+\\.)?paypal\\.com$" : undefined }, R({ "PAYPAL-TRANSMISSION-SIG": sg("sha256", Buffer.from(`T|${t}|WH1|${crc32(body)}`), sk).toString("base64"), "PAYPAL-TRANSMISSION-ID": "T", "PAYPAL-TRANSMISSION-TIME": t, "PAYPAL-CERT-URL": c, "PAYPAL-AUTH-ALGO": "SHA256withRSA" }, body), { eventId: "e1" });
  // sns
  const su = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem";
  for (const [ver, h, subj, typ] of [["1", "sha1", true, "Notification"], ["2", "sha256", false, "Notification"], ["2", "sha256", false, "SubscriptionConfirmation"], ["1", "sha1", false, "UnsubscribeConfirmation"]] as const) {
    const m: any = { Type: typ, MessageId: "m", TopicArn: "arn:aws:sns:us-east-1:1:t", Message: "héllo\n", Timestamp: "2024-05-06T07:08:09.000Z", SignatureVersion: ver, SigningCertURL: su };
    if (subj) m.Subject = "s"; if (typ !== "Notification") { m.Token = "tok"; m.SubscribeURL = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&Token=tok"; }
    const names = typ === "Notification" ? ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"] : ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
    m.Signature = sg(h, Buffer.from(names.filter((x) => x in m).map((x) => `${x}\n${m[x]}\n`).join("")), sk).toString("base64");
    add("aws-sns", `${typ} ${ver}`, { certificates: { [su]: certificates.signer }, certHostPattern: "^sns\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?$" }, R({ "x-amz-sns-message-type": typ, "x-amz-sns-message-id": "m", "content-type": "text/plain" }, JSON.stringify(m)), { eventId: "m", eventType: typ });
    add("aws-sns", `${typ} ${ver} pretty`, { certificates: { [su]: certificates.signer }, trustedRoots: [certificates.root] }, R({}, JSON.stringify(m, null, 2)), { eventId: "m" });
  }
  // apple
  const ap = { notificationType: "DID_RENEW", subtype: "X", notificationUUID: "u", version: "2.0", signedDate: now.getTime(), data: { bundleId: "b", environment: "Production", appAppleId: 12 } };
  const chain = [certificates.leaf, certificates.intermediate, certificates.root].map((c) => c.replace(/-----[^-]+-----|\n/g, ""));
  const aj = (p: any) => jws("ES256", createPrivateKey(certificates.leafKey), p, { x5c: chain });
  add("apple-app-store", "prod number", { trustedRoots: [certificates.root], bundleId: "b", environment: "Production", appId: 12 }, R({}, JSON.stringify({ signedPayload: aj(ap) })), { eventId: "u" });
  add("apple-app-store", "prod string id", { trustedRoots: [certificates.root], bundleId: "b", environment: "Production", appId: "12" }, R({}, JSON.stringify({ signedPayload: aj(ap) })));
  add("apple-app-store", "sandbox", { trustedRoots: [certificates.root], bundleId: "b", environment: "Sandbox" }, R({}, JSON.stringify({ signedPayload: aj({ ...ap, data: { bundleId: "b", environment: "Sandbox" } }) })));
  add("apple-app-store", "der base64 root", { trustedRoots: [chain[2]], bundleId: "b", environment: "Production", appId: 12 }, R({}, JSON.stringify({ signedPayload: aj(ap) })));
  // tokens
  add("postmark", "basic", { username: "u", password: "p:w" }, R({ Authorization: `Basic ${Buffer.from("u:p:w").toString("base64")}` }, '{"MessageID":"m","RecordType":"Delivery"}'));
  add("postmark", "secret user:pass", { secrets: ["u:p"] }, R({ Authorization: `Basic ${Buffer.from("u:p").toString("base64")}` }, "{}"));
  add("chargebee", "basic", { username: "u", password: "p" }, R({ Authorization: `Basic ${Buffer.from("u:p").toString("base64")}` }, '{"id":"ev_1","event_type":"t","occurred_at":1714979280}'), { eventId: "ev_1" });
  add("okta", "auth", { secrets: ["my-token-0123456789-0123456789"] }, R({ Authorization: "my-token-0123456789-0123456789" }, '{"eventId":"e","data":{"events":[{"uuid":"u","eventType":"t","published":"2024-05-06T07:08:00Z"}]}}'));
  add("auth0", "bearer", { secrets: ["Bearer abc"] }, R({ authorization: "Bearer abc" }, '[{"log_id":"l","data":{"type":"s"}}]'));
  add("auth0", "bearer not in secret", { secrets: ["abc"] }, R({ authorization: "Bearer abc" }, '[{"log_id":"l","data":{"type":"s"}}]'));
  add("gitlab", "tok", { secrets: ["t"] }, R({ "X-Gitlab-Token": "t", "Idempotency-Key": "i", "X-Gitlab-Event": "Push Hook" }, '{"object_kind":"push"}'), { eventId: "i" });
  add("telegram", "tok", { secrets: ["t"] }, R({ "X-Telegram-Bot-Api-Secret-Token": "t" }, '{"update_id":9007199254740993,"message":{"date":1714979280}}'), { eventId: "9007199254740993" });
  add("figma", "pass", { secrets: ["pc"] }, R({}, '{"event_type":"FILE_UPDATE","passcode":"pc","timestamp":"2024-05-06T07:08:00Z","webhook_id":"1"}'));
  add("microsoft-graph", "cs", { secrets: ["cs"] }, R({}, '{"value":[{"id":"1","clientState":"cs","changeType":"updated","resource":"r","subscriptionId":"s"}]}'));
  add("mailchimp", "query", { secrets: [s] }, R({ "content-type": "application/x-www-form-urlencoded" }, "type=subscribe&fired_at=2024-05-06+07%3A08%3A00&data%5Bid%5D=a", { url: `${url}?secret=${s}` }));
  add("mailchimp", "path", { secrets: [s] }, R({ "content-type": "application/x-www-form-urlencoded" }, "type=subscribe&fired_at=2024-05-06+07%3A08%3A00&data%5Bid%5D=a", { url: `${url}/${s}` }));
  add("azure-event-grid", "query", { secrets: [s] }, R({ "aeg-event-type": "Notification" }, '[{"id":"1","eventType":"T","eventTime":"2024-05-06T07:08:00Z","dataVersion":"1"}]', { url: `${url}?code=${s}` }), { eventId: "1" });
  add("mollie", "classic", { secrets: [s], version: "classic" }, R({ "content-type": "application/x-www-form-urlencoded" }, "id=tr_1", { url: `${url}?k=${s}` }));
  add("mollie", "nextgen", { secrets: [s] }, R({ "X-Mollie-Signature": `sha256=${H(s, body).digest("hex")}` }, body));
  // fields
  const mg = H(s, sec + "tok").digest("hex");
  add("mailgun", "str ts", { secrets: [s] }, R({}, JSON.stringify({ signature: { timestamp: sec, token: "tok", signature: mg }, "event-data": { id: "m", event: "delivered", timestamp: 1714979280.5 } })), { eventId: "m" });
  add("mailgun", "num ts", { secrets: [s] }, R({}, JSON.stringify({ signature: { timestamp: Number(sec), token: "tok", signature: mg }, "event-data": { id: "m", event: "delivered" } })));
  const me = 'mandrill_events=' + encodeURIComponent('[{"_id":"x","event":"send","ts":1714979280}]');
  for (const [n, r, u] of [["notif", { secrets: [s], notificationUrl: url }, "/in/abc"], ["abs", { secrets: [s] }, url], ["callback", { secrets: [s], callbackUrl: url }, "/in/abc"]] as const) add("mandrill", n, r, R({ "X-Mandrill-Signature": H1(s, url + 'mandrill_events[{"_id":"x","event":"send","ts":1714979280}]').digest("base64") }, me, { url: u }));
  for (const [n, r, u] of [["notif", { secrets: [s], notificationUrl: url }, "/in/abc"], ["abs", { secrets: [s] }, url], ["callback", { secrets: [s], callbackUrl: url }, "/in/abc"]] as const) {
    add("trello", n, r, R({ "X-Trello-Webhook": H1(s, body + url).digest("base64") }, body, { url: u }));
    add("square", n, r, R({ "x-square-hmacsha256-signature": H(s, url + body).digest("base64") }, body, { url: u }));
    add("hubspot", n + " v3", r, R({ "X-HubSpot-Signature-v3": H(s, `POST${url}${body}${ms}`).digest("base64"), "X-HubSpot-Request-Timestamp": ms }, body, { url: u }));
    add("hubspot", n + " v2", { ...r, version: "v2" }, R({ "X-HubSpot-Signature": sha(`${s}POST${url}${body}`), "X-HubSpot-Signature-Version": "v2" }, body, { url: u }));
    add("twilio", n, r, R({ "X-Twilio-Signature": H1(s, url + "A1B2").digest("base64"), "content-type": "application/x-www-form-urlencoded" }, "B=2&A=1", { url: u }));
    add("plivo", n, r, R({ "X-Plivo-Signature-V3": H(s, `${url}?.A1B2.nnn`).digest("base64"), "X-Plivo-Signature-V3-Nonce": "nnn", "content-type": "application/x-www-form-urlencoded" }, "B=2&A=1", { url: u }));
    add("contentful", n, { ...r, secrets: [hex64] }, (() => { const names = "x-contentful-signed-headers,x-contentful-timestamp,x-contentful-topic"; const L = `x-contentful-signed-headers:${names};x-contentful-timestamp:${ms};x-contentful-topic:T`; return R({ "x-contentful-signature": H(hex64, `POST\n/in/abc\n${L}\n${body}`).digest("hex"), "x-contentful-signed-headers": names, "x-contentful-timestamp": ms, "X-Contentful-Topic": "T" }, body, { url: u }); })());
  }
  add("contentful", "list without itself", { secrets: [hex64] }, (() => { const L = `x-contentful-timestamp:${ms};x-contentful-topic:T`; return R({ "x-contentful-signature": H(hex64, `POST\n/in/abc\n${L}\n${body}`).digest("hex"), "x-contentful-signed-headers": "x-contentful-timestamp,x-contentful-topic", "x-contentful-timestamp": ms, "X-Contentful-Topic": "T" }, body); })());
  add("hubspot", "v1", { secrets: [s], version: "v1" }, R({ "X-HubSpot-Signature": sha(s + body), "X-HubSpot-Signature-Version": "v1" }, body));
  add("hubspot", "v1 number version", { secrets: [s], version: "1" }, R({ "X-HubSpot-Signature": sha(s + body) }, body));
  add("plivo", "query", { secrets: [s] }, R({ "X-Plivo-Signature-V3": `${H("zzz", "a").digest("base64")},${H(s, `${url}?a=1&b=2.A1B2.nnn`).digest("base64")}`, "X-Plivo-Signature-V3-Nonce": "nnn" }, "B=2&A=1", { url: url + "?b=2&a=1" }));
  add("plivo", "v2", { secrets: [s], version: "v2" }, R({ "X-Plivo-Signature-V2": H(s, `${url}nnn`).digest("base64"), "X-Plivo-Signature-V2-Nonce": "nnn" }, "B=2&A=1", { url: url + "?b=2&a=1" }));
  add("plivo", "get", { secrets: [s] }, R({ "X-Plivo-Signature-V3": H(s, `${url}?a=1&b=2.nnn`).digest("base64"), "X-Plivo-Signature-V3-Nonce": "nnn" }, "", { url: url + "?b=2&a=1", method: "GET" }));
  const ai = { pspReference: "P", originalReference: "", merchantAccountCode: "M", merchantReference: "R", amount: { value: 1130, currency: "EUR" }, eventCode: "AUTHORISATION", success: "true", eventDate: "2024-05-06T07:08:00+02:00" };
  const asig = H(Buffer.from(hex64, "hex"), "P::M:R:1130:EUR:AUTHORISATION:true").digest("base64");
  add("adyen", "str", { secrets: [hex64.toUpperCase()] }, R({}, JSON.stringify({ live: "false", notificationItems: [{ NotificationRequestItem: { ...ai, additionalData: { hmacSignature: asig } } }] })), { eventType: "AUTHORISATION" });
  const noOrig: any = { ...ai, success: true }; delete noOrig.originalReference;
  add("adyen", "bool, absent", { secrets: [{ value: hex64 }] }, R({}, JSON.stringify({ live: "false", notificationItems: [{ NotificationRequestItem: { ...noOrig, additionalData: { hmacSignature: asig } } }] }, null, 2)));
  add("adyen-platform", "x", { secrets: [hex64] }, R({ HmacSignature: H(Buffer.from(hex64, "hex"), body).digest("base64"), Protocol: "HmacSHA256" }, body));
  const bp = Buffer.from("<notification><kind>check</kind></notification>").toString("base64") + "\n";
  const bs = H1(createHash("sha1").update(s).digest(), bp).digest("hex");
  for (const [n, r] of [["keyId", { keyId: "pk", secrets: [s] }], ["roles", { secrets: [{ value: s, version: "pk" }], keyId: "pk", secretRoles: { privateKey: "pk" } }], ["no keyId", { secrets: [s] }]] as const) add("braintree", n, r, R({}, new URLSearchParams({ bt_signature: `zz|${"0".repeat(40)}&pk|${bs}`, bt_payload: bp }).toString()));
  for (const [n, ts, id, q] of [["s", sec, "123", "123"], ["ms", ms, "123", "123"], ["alnum lower", sec, "abc", "ABC"]] as const) add("mercadopago", n, { secrets: [s] }, R({ "x-signature": `ts=${ts},v1=${H(s, `id:${id};request-id:r;ts:${ts};`).digest("hex")}`, "x-request-id": "r" }, body, { url: `${url}?data.id=${q}&type=payment` }));
  add("mercadopago", "no request id", { secrets: [s] }, R({ "x-signature": `ts=${sec},v1=${H(s, `id:1;ts:${sec};`).digest("hex")}` }, body, { url: `${url}?data.id=1` }));
  add("mercadopago", "space after comma", { secrets: [s] }, R({ "x-signature": `ts=${sec}, v1=${H(s, `id:1;request-id:r;ts:${sec};`).digest("hex")}`, "x-request-id": "r" }, body, { url: `/in/x?data.id=1` }));
  for (const [alg, n] of [["sha256", "sha256"], ["SHA-256", "sha256"], [undefined, "sha1"], ["sha1", "sha1"]] as const) add("cloudinary", String(alg), { secrets: [s], algorithm: alg, toleranceSec: 7200 }, R({ "X-Cld-Signature": createHash(n).update(body + sec + s).digest("hex"), "X-Cld-Timestamp": sec }, body));
  add("elevenlabs", "tol 1800", { secrets: [s], toleranceSec: 1800 }, R({ "ElevenLabs-Signature": `t=${sec},v0=${H(s, `${sec}.${body}`).digest("hex")}` }, body));
  add("airtable", "b64", { secrets: [Buffer.from(s).toString("base64")] }, R({ "X-Airtable-Content-MAC": `hmac-sha256=${H(Buffer.from(s), body).digest("hex")}` }, body));
  add("buildkite", "sig", { secrets: [s] }, R({ "X-Buildkite-Signature": `timestamp=${sec},signature=${H(s, `${sec}.${body}`).digest("hex")}`, "X-Buildkite-Event": "build.finished" }, body));
  add("buildkite", "token", { secrets: [s] }, R({ "X-Buildkite-Token": s }, body));
  add("replicate", "prefix", { secrets: [`whsec_${Buffer.from(s).toString("base64")}`] }, R({ "webhook-id": "i", "webhook-timestamp": sec, "webhook-signature": `v1a,xx v1,${H(Buffer.from(s), `i.${sec}.${body}`).digest("base64")}` }, body));
  add("replicate", "two underscores", { secrets: [`r8_whsec_${Buffer.from(s).toString("base64")}`] }, R({ "webhook-id": "i", "webhook-timestamp": sec, "webhook-signature": `v1,${H(Buffer.from(s), `i.${sec}.${body}`).digest("base64")}` }, body));
  add("svix", "webhook-* names", { secrets: [`whsec_${Buffer.from(s).toString("base64")}`] }, R({ "webhook-id": "i", "webhook-timestamp": sec, "webhook-signature": `v1,${H(Buffer.from(s), `i.${sec}.${body}`).digest("base64")}` }, body));
  add("standard-webhooks", "no prefix", { secrets: [Buffer.from(s).toString("base64")] }, R({ "webhook-id": "i", "webhook-timestamp": sec, "webhook-signature": `v1,${H(Buffer.from(s), `i.${sec}.${body}`).digest("base64")}` }, body));
  add("docusign", "header 5", { secrets: [s] }, R({ "X-DocuSign-Signature-1": H("z", "q").digest("base64"), "X-DocuSign-Signature-2": H("z", "q").digest("base64"), "X-DocuSign-Signature-3": H(s, body).digest("base64") }, body));
  add("docusign", "header 12", { secrets: [s] }, R(Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`X-DocuSign-Signature-${i + 1}`, i === 11 ? H(s, body).digest("base64") : H("z", String(i)).digest("base64")])), body));
  add("pusher", "keyId + version", { secrets: [{ value: "other", version: "k0" }, { value: s, version: "k1" }], secretRoles: { k1: "k1" } }, R({ "X-Pusher-Key": "k1", "X-Pusher-Signature": H(s, body).digest("hex") }, body), { secretVersion: "k1" });
  add("zendesk", "iso Z", { secrets: [s] }, R({ "X-Zendesk-Webhook-Signature": H(s, `2024-05-06T07:08:09Z${body}`).digest("base64"), "X-Zendesk-Webhook-Signature-Timestamp": "2024-05-06T07:08:09Z" }, body));
  add("box", "tz", { secrets: [s] }, R({ "BOX-SIGNATURE-PRIMARY": H(s, `${body}2024-05-06T00:08:09-07:00`).digest("base64"), "BOX-DELIVERY-TIMESTAMP": "2024-05-06T00:08:09-07:00", "BOX-SIGNATURE-VERSION": "1", "BOX-SIGNATURE-ALGORITHM": "HmacSHA256", "BOX-DELIVERY-ID": "d" }, body));
  add("stripe", "space after comma", { secrets: [s] }, R({ "Stripe-Signature": `t=${sec}, v1=${H(s, `${sec}.${body}`).digest("hex")}` }, body));
  add("workos", "no space", { secrets: [s] }, R({ "WorkOS-Signature": `t=${ms},v1=${H(s, `${ms}.${body}`).digest("hex")}` }, body));
  add("getstream", "key hdr", { secrets: [s] }, R({ "X-Signature": H(s, body).digest("hex"), "X-Api-Key": "k", "X-Webhook-Id": "w" }, body), { eventId: "w" });
  add("shopify", "new header", { secrets: [s] }, R({ "shopify-hmac-sha256": H(s, body).digest("base64") }, body));
  add("checkout-com", "and auth", { secrets: [s] }, R({ "Cko-Signature": H(s, body).digest("hex"), Authorization: "xyz" }, body));
  add("woocommerce", "x", { secrets: [s] }, R({ "X-WC-Webhook-Signature": H(s, body).digest("base64"), "X-WC-Webhook-Delivery-ID": "d", "X-WC-Webhook-Topic": "order.created" }, body), { eventId: "d", eventType: "order.created" });
  const out: string[] = [];
  for (const { n, p, r, q, want } of list) {
    for (const headers of [q.headers, Object.entries(q.headers), Object.fromEntries(Object.entries(q.headers).map(([k, v]) => [k.toUpperCase(), v])), Object.fromEntries(Object.entries(q.headers).map(([k, v]) => [k.toLowerCase(), [v]]))]) {
      const input: any = { provider: p, receiver: r, request: { ...q, headers: Array.isArray(q.headers) ? q.headers : headers }, now };
      const v: any = verify(input);
      const bad = !v.ok ? `${v.reason} ${v.diagnosis?.summary ?? ""}` : Object.entries(want).filter(([k, x]) => v[k] !== x).map(([k, x]) => `${k}=${v[k]} want ${x}`).join();
      if (bad) { out.push(`${p} | ${n} | ${bad}`); break; }
    }
  }
  console.log(`OUT ${list.length}\n${out.join("\n")}\nEND`);
});
