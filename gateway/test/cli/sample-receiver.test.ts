import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { signDelivery } from "@holdfast/client";
import { expect, it, onTestFinished } from "vitest";
import type { ReceivedDelivery } from "../../src/cli/sample-page.ts";
import { startSampleReceiver } from "../../src/cli/sample-receiver.ts";

const signingSecret = `whsec_${randomBytes(32).toString("base64")}`;

async function receiver(): Promise<{ url: string; seen: ReceivedDelivery[] }> {
  const seen: ReceivedDelivery[] = [];
  const started = await startSampleReceiver({ port: 0, signingSecret, onDelivery: (delivery) => seen.push(delivery) });
  if (started === null) throw new Error("no free port");
  onTestFinished(() => started.close());
  return { url: started.url, seen };
}

function signed(body: Uint8Array, id = "msg_1"): Record<string, string> {
  return {
    ...signDelivery({ secret: signingSecret, id, timestamp: new Date(), body }),
    "holdfast-event-type": "a.b",
    "holdfast-source": "s",
  };
}

it("takes a genuine delivery, and shows it", async () => {
  const { url, seen } = await receiver();
  const body = Buffer.from('{"a":"<script>"}');
  const answer = await fetch(url, { method: "POST", headers: signed(body), body });
  expect(answer.status).toBe(200);
  expect(seen).toMatchObject([
    { genuine: true, eventType: "a.b", source: "s", idempotencyKey: "msg_1", bodyBytes: body.length },
  ]);
  const listed = await (await fetch(url)).json();
  expect(listed).toMatchObject({ items: [{ genuine: true, body: '{"a":"<script>"}' }] });
  const page = await (await fetch(url, { headers: { accept: "text/html" } })).text();
  expect(page).toContain("&lt;script&gt;");
  expect(page).not.toContain("<script");
});

it("answers 401 to a delivery whose body was changed", async () => {
  const { url, seen } = await receiver();
  const answer = await fetch(url, { method: "POST", headers: signed(Buffer.from("one")), body: "two" });
  expect(answer.status).toBe(401);
  expect(seen).toMatchObject([{ genuine: false, problem: expect.stringContaining("signature") }]);
});

it("remembers the last 50", async () => {
  const { url } = await receiver();
  for (let i = 0; i < 53; i++)
    await fetch(url, { method: "POST", headers: signed(Buffer.from("x"), `msg_${i}`), body: "x" });
  const { items } = (await (await fetch(url)).json()) as { items: { idempotencyKey: string }[] };
  expect([items.length, items[0]?.idempotencyKey, items.at(-1)?.idempotencyKey]).toEqual([50, "msg_52", "msg_3"]);
});

it("answers nobody who reached it by another name, as a page of the web could", async () => {
  const { url } = await receiver();
  const { port } = new URL(url);
  const { connect } = await import("node:net");
  const socket = connect(Number(port), "127.0.0.1");
  socket.end("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
  let text = "";
  for await (const chunk of socket.setEncoding("utf8")) text += String(chunk);
  expect(text).toMatch(/^HTTP\/1\.1 421 /);
});

it("gives no receiver when the port is taken", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  expect(await startSampleReceiver({ port, signingSecret, onDelivery: () => {} })).toBeNull();
});
