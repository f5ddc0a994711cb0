import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { Webhook } from "standardwebhooks";
import { Stripe } from "stripe";
import { expect, onTestFinished, test } from "vitest";
import type { ReadyLine } from "../support/cli.ts";
import { startCli, whenReady } from "../support/cli.ts";
import { testFolder } from "../support/folder.ts";

const curl = promisify(execFile);
const SOURCE_KEY = "walk-stripe-source-key-000";
const SECRET = "whsec_a5H0wTheSdkItselfSignsIt0123456789";
const SIGNING_SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
// What a parser would not give back: an id beyond 2^53, a repeated key, escapes, umlauts, odd white space, a last newline.
const BODY = `{ "id":"evt_1SdkWalk",\t"object":"event","created":1760000000,"api_version":"2025-09-30.clover",
  "data":{"object":{"id":"in_1","big":9007199254740993,"name":"Zoë \\u00fc Müller","name":"twice"}},"type":"invoice.paid" }\n`;

interface Arrived {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The user's own service: answers 204, and tells of each delivery. */
async function startReceiver(): Promise<{ url: string; arrived: Arrived[]; first: Promise<Arrived> }> {
  const arrived: Arrived[] = [];
  let tell: (first: Arrived) => void = () => {};
  const first = new Promise<Arrived>((resolve) => {
    tell = resolve;
  });
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      arrived.push({ method: request.method, headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(204).end();
      tell(arrived[0]!);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`, arrived, first };
}

interface CurlAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Posts a file by plain curl, as anybody would from a terminal. */
async function post(url: string, file: string, signature: string): Promise<CurlAnswer> {
  const headers = ["content-type: application/json; charset=utf-8", `stripe-signature: ${signature}`];
  const args = ["--silent", "--show-error", "--include", "--http1.1", "--data-binary", `@${file}`];
  const { stdout } = await curl("curl", [...args, ...headers.flatMap((header) => ["--header", header]), url]);
  const [head = "", ...rest] = stdout.split("\r\n\r\n");
  const [statusLine = "", ...lines] = head.split("\r\n");
  const pairs = lines.map((line): [string, string] => [
    line.slice(0, line.indexOf(":")),
    line.slice(line.indexOf(":") + 1).trim(),
  ]);
  return { status: Number(statusLine.split(" ")[1]), headers: new Headers(pairs), body: rest.join("\r\n\r\n") };
}

async function api<Answer>(ready: ReadyLine, path: string): Promise<Answer> {
  const answer = await fetch(new URL(path, ready.adminUrl), {
    headers: { authorization: `Bearer ${ready.adminToken}` },
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Answer;
}

interface Rejection {
  readonly reason: string;
  readonly diagnosis: { readonly step: string; readonly likelyCause: string | null; readonly summary: string };
}

test("a request signed by Stripe's own SDK is delivered once with its exact bytes; a copy is a duplicate, a forgery is explained", async () => {
  const folder = testFolder();
  const receiver = await startReceiver();
  const definition = {
    sources: { stripe: { provider: "stripe", key: SOURCE_KEY, secrets: [SECRET] } },
    destinations: { app: { url: receiver.url, signingSecret: SIGNING_SECRET } },
    routes: [{ source: "stripe", destination: "app" }],
    egress: { allowCidrs: ["127.0.0.0/8"] },
  };
  writeFileSync(join(folder, "holdfast.config.mjs"), `export default ${JSON.stringify(definition)};\n`);
  mkdirSync(join(folder, "data"));
  const places = ["--config", "holdfast.config.mjs", "--data-dir", "data", "--port", "0", "--admin-port", "0"];
  const gateway = startCli(["start", "--json", ...places], { cwd: folder });
  const ready = await whenReady(gateway);
  const url = new URL(`/in/${SOURCE_KEY}`, ready.ingestUrl).href;

  const { webhooks } = new Stripe("sk_test_never_used");
  const signature = webhooks.generateTestHeaderString({ payload: BODY, secret: SECRET });
  const genuine = join(folder, "genuine.json");
  writeFileSync(genuine, BODY);
  const accepted = await post(url, genuine, signature);
  expect(accepted.status).toBe(200);
  expect(accepted.headers.get("holdfast-event")).toMatch(/^evt_[0-9a-z]{26}$/);
  expect(accepted.headers.get("holdfast-duplicate")).toBeNull();

  const again = await post(url, genuine, signature);
  expect(again.status).toBe(200);
  expect(again.headers.get("holdfast-duplicate")).toBe("true");
  expect(again.headers.get("holdfast-event")).toBe(accepted.headers.get("holdfast-event"));

  const forged = join(folder, "forged.json");
  writeFileSync(forged, BODY.replace("invoice.paid", "invoice.said"));
  const refused = await post(url, forged, signature);
  expect(refused.status).toBe(401);
  expect(refused.headers.get("content-type")).toBe("application/problem+json");
  expect(JSON.parse(refused.body)).toMatchObject({ type: "urn:holdfast:fault:not_genuine", status: 401 });
  expect(refused.body).not.toMatch(/mismatch|whsec/);
  const rejections = await expect
    .poll(async () => (await api<{ items: Rejection[] }>(ready, "/api/v1/rejections")).items)
    .toMatchObject([
      {
        reason: "signature_mismatch",
        diagnosis: {
          step: "signature",
          likelyCause: "body_or_secret_differs",
          summary: expect.stringMatching(/.{20}/),
        },
      },
    ])
    .then(() => api<{ items: Rejection[] }>(ready, "/api/v1/rejections"));
  expect(JSON.stringify(rejections)).not.toContain(SECRET);

  const delivered = await receiver.first;
  expect(delivered.method).toBe("POST");
  expect(delivered.body.equals(Buffer.from(BODY))).toBe(true);
  expect(delivered.headers["stripe-signature"]).toBe(signature);
  expect(delivered.headers["idempotency-key"]).toBe(delivered.headers["webhook-id"]);
  const verifier = new Webhook(SIGNING_SECRET);
  expect(verifier.verify(delivered.body.toString(), delivered.headers as Record<string, string>)).toMatchObject({
    id: "evt_1SdkWalk",
  });
  // Stripe's own check goes on working behind the gateway.
  expect(webhooks.constructEvent(delivered.body, signature, SECRET).id).toBe("evt_1SdkWalk");

  // The stop drains, so afterwards nothing can arrive any more.
  expect(await gateway.stop()).toMatchObject({ code: 0 });
  expect(receiver.arrived).toHaveLength(1);
});
