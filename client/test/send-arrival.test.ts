import { expect, onTestFinished, test } from "vitest";
import { sendArrival } from "../src/send-arrival.ts";
import { type Reply, startAdminServer } from "./fakes/admin-server.ts";

async function serve(reply: () => Reply) {
  const server = await startAdminServer(reply);
  onTestFinished(() => server.close());
  return server;
}

test("sending an arrival posts the exact bytes and tells what became of them", async () => {
  const server = await serve(() => ({
    text: "",
    headers: { "holdfast-event": "evt_1", "holdfast-duplicate": "true" },
  }));
  const headers: [string, string][] = [["stripe-signature", "t=1,v1=a"]];
  const answer = await sendArrival({ url: `${server.url}/in/key`, headers, body: Buffer.from('{"a":1}') });
  expect(answer).toEqual({ status: 200, eventId: "evt_1", duplicate: true, detail: "" });
  expect(server.calls[0]).toMatchObject({ method: "POST", url: "/in/key", body: '{"a":1}' });
});

test("sending an arrival tells a refusal and a missing server apart", async () => {
  const server = await serve(() => ({ status: 401, text: '{"type":"x"}' }));
  const body = new Uint8Array(0);
  expect(await sendArrival({ url: server.url, headers: [], body })).toMatchObject({
    status: 401,
    eventId: null,
    detail: '{"type":"x"}',
  });
  const gone = await startAdminServer(() => ({}));
  await gone.close();
  expect(await sendArrival({ url: gone.url, headers: [], body })).toMatchObject({
    status: 0,
    detail: expect.stringContaining("ECONNREFUSED"),
  });
});
