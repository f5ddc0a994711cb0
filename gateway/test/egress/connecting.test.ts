import { describe, expect, test } from "vitest";
import { startHttp, startRaw } from "./fakes/destination.ts";
import { brief, post } from "./fakes/open-egress.ts";
import { startStoppedListener } from "./fakes/stopped-listener.ts";
import { addresses, egress, track } from "./fakes/things.ts";

describe("connecting", () => {
  test("an address where nobody listens has refused", async () => {
    const server = await startRaw(() => {});
    await server.close();
    expect(brief(await post(egress(), server.url))).toBe("refused");
  });

  test("the next vetted address is tried when the first refuses", async () => {
    const server = track(await startHttp((_request, response) => void response.end("here"), "127.0.0.3"));
    const client = egress({ allowCidrs: ["127.0.0.0/8"], lookup: addresses("127.0.0.4", "127.0.0.3") });
    expect(await post(client, `http://two.example:${server.port}/`)).toMatchObject({
      status: 200,
      address: "127.0.0.3",
    });
  });

  test("a connection that does not stand in time fails as connect", async () => {
    const nowhere = track(await startStoppedListener("127.0.0.1"));
    const outcome = await post(egress(), `http://127.0.0.1:${nowhere.port}/`, { connectTimeoutMs: 200 });
    expect(outcome).toMatchObject({ kind: "failed", fault: "connect", detail: "no connection within 200 ms" });
  });

  test("one dead address does not use up the time of the next", async () => {
    const server = track(await startHttp((_request, response) => void response.end("here"), "127.0.0.3"));
    track(await startStoppedListener("127.0.0.5", server.port));
    const client = egress({ allowCidrs: ["127.0.0.0/8"], lookup: addresses("127.0.0.5", "127.0.0.3") });
    const outcome = await post(client, `http://two.example:${server.port}/`, { connectTimeoutMs: 10_000 });
    expect(outcome).toMatchObject({ status: 200, address: "127.0.0.3" });
  });
});
