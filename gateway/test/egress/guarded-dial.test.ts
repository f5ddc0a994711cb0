import { networkInterfaces } from "node:os";
import { describe, expect, test } from "vitest";
import type { HostLookup } from "../../src/platform/egress/look-up-host.ts";
import { createLookup } from "../../src/platform/egress/look-up-host.ts";
import { startHttp } from "./fakes/destination.ts";
import { FORBIDDEN_ADDRESSES, LOOPBACK_SPELLINGS } from "./fakes/forbidden-hosts.ts";
import { brief, post } from "./fakes/open-egress.ts";
import { addresses, egress, track } from "./fakes/things.ts";

/** Listens where a way around the guard would arrive: on every address of this machine, of both families where it has both. */
async function startCanary() {
  const hasIpv6 = Object.values(networkInterfaces()).some((found) => found?.some(({ family }) => family === "IPv6"));
  const canary = track(
    await startHttp((_request, response) => void response.end("canary"), hasIpv6 ? "::" : "0.0.0.0"),
  );
  return { port: canary.port, hits: canary.connections };
}

describe("an egress without an allow-list", () => {
  test("never connects to loopback, however its literal is written (F113)", async () => {
    const canary = await startCanary();
    const open = egress({ allowCidrs: ["127.0.0.0/8"] });
    expect(brief(await post(open, `http://127.1:${canary.port}/`))).toBe(200);
    const hitsByOpenEgress = canary.hits();
    expect(hitsByOpenEgress).toBe(1);

    const guarded = egress({ allowCidrs: [], lookup: createLookup() });
    for (const host of LOOPBACK_SPELLINGS) {
      const outcome = await post(guarded, `http://${host}:${canary.port}/`);
      expect([host, brief(outcome)]).toEqual([host, expect.stringMatching(/^blocked (address|malformed)$/)]);
    }
    expect(canary.hits()).toBe(hitsByOpenEgress);
  });

  test.each(FORBIDDEN_ADDRESSES)(
    "blocks a name that resolves to %s, alone or among public answers (F115)",
    async (address) => {
      const alone = egress({ allowCidrs: [], lookup: addresses(address) });
      const outcome = await post(alone, "http://a.example/");
      expect(outcome).toMatchObject({ kind: "blocked", reason: "address" });
      expect(JSON.stringify(outcome)).not.toContain(address);
      const last = egress({ allowCidrs: [], lookup: addresses("8.8.8.8", "1.1.1.1", address) });
      expect(brief(await post(last, "http://a.example/"))).toBe("blocked address");
    },
  );

  test("tells nobody which address it was (F120)", async () => {
    const loopback = await post(egress({ allowCidrs: [], lookup: addresses("127.0.0.1") }), "http://a.example/");
    const metadata = await post(egress({ allowCidrs: [], lookup: addresses("169.254.169.254") }), "http://b.example/");
    expect(loopback).toEqual(metadata);
  });
});

describe("a name whose answers change", () => {
  test("is judged on the answers that are dialled: a rebinding name reaches the canary in none of 1,000 posts (F114)", async () => {
    const canary = await startCanary();
    // The same port on two addresses, as with a real rebinding name; the canary's own port could not be told apart. Chosen where
    // others listen too, since nobody but these tests does on the second.
    const trap = track(await startTrap(0));
    const server = track(await startHttp((_request, response) => void response.end("ok"), "127.0.0.3", trap.port));
    let asked = 0;
    const flip: HostLookup = async () => ({
      ok: true,
      addresses: [(asked += 1) % 2 === 0 ? "127.0.0.1" : "127.0.0.3"],
    });
    const client = egress({ allowCidrs: ["127.0.0.3/32"], lookup: flip, limits: { addressesKeptMs: 0 } });
    const outcomes = new Map<string | number, number>();
    for (let i = 0; i < 1_000; i += 1) {
      const outcome = brief(await post(client, `http://flip.example:${server.port}/`));
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect(Object.fromEntries(outcomes)).toEqual({ 200: 500, "blocked address": 500 });
    expect([trap.connections(), canary.hits()]).toEqual([0, 0]);
  });

  test("is judged anew although a connection to its old address is still open (F116)", async () => {
    const server = track(await startHttp((_request, response) => void response.end("ok")));
    const answers = [["127.0.0.1"], ["127.0.0.2"]];
    const lookup: HostLookup = async () => ({ ok: true, addresses: answers.shift() ?? [] });
    const client = egress({ lookup, limits: { addressesKeptMs: 0 } });
    expect(brief(await post(client, `http://moved.example:${server.port}/`))).toBe(200);
    expect(brief(await post(client, `http://moved.example:${server.port}/`))).toBe("blocked address");
    expect(brief(await post(client, `http://moved.example:${server.port}/`))).toBe("dns");
    expect(server.connections()).toBe(1);
  });

  test("does not reuse a connection to an address that it no longer has (F116)", async () => {
    const old = track(await startHttp((_request, response) => void response.end("old"), "127.0.0.3"));
    const moved = track(await startTrap(old.port, "127.0.0.4"));
    const answers = [["127.0.0.3"], ["127.0.0.4"]];
    const lookup: HostLookup = async () => ({ ok: true, addresses: answers.shift() ?? [] });
    const client = egress({ allowCidrs: ["127.0.0.0/8"], lookup, limits: { addressesKeptMs: 0 } });
    expect(await post(client, `http://moved.example:${old.port}/`)).toMatchObject({ address: "127.0.0.3" });
    expect(await post(client, `http://moved.example:${old.port}/`)).toMatchObject({ address: "127.0.0.4" });
    expect([old.connections(), moved.connections()]).toEqual([1, 1]);
  });

  test("is asked once for posts that come together and again when its answers are old", async () => {
    const server = track(await startHttp((_request, response) => void response.end("ok")));
    let asked = 0;
    const lookup: HostLookup = async () => {
      asked += 1;
      return { ok: true, addresses: ["127.0.0.1"] };
    };
    const url = `http://busy.example:${server.port}/`;
    const client = egress({ lookup, limits: { addressesKeptMs: 60_000 } });
    await Promise.all([post(client, url), post(client, url), post(client, url)]);
    await post(client, url);
    expect(asked).toBe(1);
    const forgetful = egress({ lookup, limits: { addressesKeptMs: 0 } });
    await post(forgetful, url);
    await post(forgetful, url);
    expect(asked).toBe(3);
  });
});

describe("a name inside an allowed network", () => {
  test("is reached on any port, and a public name is not", async () => {
    const client = egress({ allowCidrs: ["127.0.0.1/32"], lookup: addresses("127.0.0.1") });
    expect(brief(await post(client, "http://inside.example:1/"))).toBe("refused");
    const outside = egress({ allowCidrs: ["127.0.0.1/32"], lookup: addresses("8.8.8.8") });
    expect(brief(await post(outside, "http://outside.example:22/"))).toBe("blocked port");
    const both = egress({ allowCidrs: ["127.0.0.1/32"], lookup: addresses("127.0.0.1", "8.8.8.8") });
    expect(brief(await post(both, "http://both.example:22/"))).toBe("blocked port");
  });
});

function startTrap(port: number, address = "127.0.0.1") {
  return startHttp((_request, response) => void response.end("trap"), address, port);
}
