import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";

/** A certificate with its key, both as PEM, as a TLS server takes them. */
export interface Issued {
  cert: string;
  key: string;
}

/** What a certificate says. `names` are DNS names and IP addresses of the subject alternative name. */
export interface CertificateRequest {
  names: readonly string[];
  notBefore?: Date;
  notAfter?: Date;
}

const DAY_MS = 86_400_000;
const ECDSA_SHA256 = seq(oid("2a8648ce3d040302"));

/** A certificate authority of a test's own, made with node:crypto alone: not every machine has the openssl command. */
export function createAuthority(): { cert: string; issue(request: CertificateRequest): Issued } {
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = "holdfast test authority";
  const cert = certificate({
    subject: name,
    issuer: name,
    publicKey: own.publicKey,
    signer: own.privateKey,
    authority: true,
    names: [],
  });
  return { cert, issue: (request) => issue(request, { issuer: name, signer: own.privateKey }) };
}

/** A certificate that vouches for itself. */
export function selfSign(request: CertificateRequest): Issued {
  return issue(request, null);
}

function issue(request: CertificateRequest, by: { issuer: string; signer: KeyObject } | null): Issued {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const subject = "holdfast test server";
  const { issuer, signer } = by ?? { issuer: subject, signer: pair.privateKey };
  const cert = certificate({ ...request, subject, issuer, signer, publicKey: pair.publicKey, authority: false });
  return { cert, key: pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

interface Fields extends CertificateRequest {
  subject: string;
  issuer: string;
  publicKey: KeyObject;
  signer: KeyObject;
  authority: boolean;
}

/** X.509 v3 in DER (RFC 5280, 4.1), as PEM. */
function certificate(fields: Fields): string {
  const { notBefore = new Date(Date.now() - DAY_MS), notAfter = new Date(Date.now() + DAY_MS) } = fields;
  const constraints = fields.authority ? [extension("551d13", true, seq(Buffer.from([1, 1, 255])))] : [];
  const names = fields.names.length === 0 ? [] : [extension("551d11", false, seq(...fields.names.map(generalName)))];
  const body = seq(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_SHA256,
    commonName(fields.issuer),
    seq(utcTime(notBefore), utcTime(notAfter)),
    commonName(fields.subject),
    fields.publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, seq(...constraints, ...names)),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", body, fields.signer)]));
  const base64 = seq(body, ECDSA_SHA256, signature).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return seq(oid(id), ...(critical ? [Buffer.from([1, 1, 255])] : []), der(0x04, value));
}

function generalName(name: string): Buffer {
  if (isIP(name) === 0) return der(0x82, Buffer.from(name, "ascii"));
  return der(0x87, Buffer.from(name.split(".").map(Number)));
}

function commonName(text: string): Buffer {
  return seq(der(0x31, seq(oid("550403"), der(0x0c, Buffer.from(text)))));
}

function utcTime(time: Date): Buffer {
  return der(0x17, Buffer.from(`${time.toISOString().slice(2, 19).replace(/[-:T]/g, "")}Z`));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

function seq(...parts: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = length < 256 ? Buffer.from([0x81, length]) : Buffer.from([0x82, length >> 8, length & 255]);
  return Buffer.concat([Buffer.from([tag]), size, content]);
}
