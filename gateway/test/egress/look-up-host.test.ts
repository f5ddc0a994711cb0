import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseHosts } from "../../src/platform/egress/hosts-file.ts";
import { createLookup, type LookupSources } from "../../src/platform/egress/look-up-host.ts";
import { startHttp } from "./fakes/destination.ts";
import { type DnsReply, startNameServer } from "./fakes/name-server.ts";
import { brief, post } from "./fakes/open-egress.ts";
import { egress, track } from "./fakes/things.ts";

const NXDOMAIN = { rcode: 3 };
const SERVFAIL = { rcode: 2 };
const NEVER = new AbortController().signal;

async function knowsNothing(): Promise<string[]> {
  return [];
}

async function lookupWith(reply: Parameters<typeof startNameServer>[0], given: LookupSources = {}) {
  const dns = track(await startNameServer(reply));
  return {
    dns,
    lookup: createLookup({
      servers: [dns.server],
      hostsFile: "/nowhere",
      system: knowsNothing,
      tryTimeoutMs: 100,
      ...given,
    }),
  };
}

function only(type: "A" | "AAAA", reply: DnsReply, other: DnsReply) {
  return (question: { type: "A" | "AAAA" }): DnsReply => (question.type === type ? reply : other);
}

describe("a lookup", () => {
  test("gives the answers of both families", async () => {
    const six = "26064700470000000000000000001111";
    const { lookup } = await lookupWith(only("A", { addresses: ["8.8.8.8", "8.8.4.4"] }, { addresses: [six] }));
    const answer = await lookup("a.example", NEVER);
    expect(answer).toEqual({
      ok: true,
      addresses: expect.arrayContaining(["8.8.8.8", "8.8.4.4", "2606:4700:4700::1111"]),
    });
  });

  test.each([
    ["does not exist", NXDOMAIN],
    ["cannot be resolved now", SERVFAIL],
    ["fails", { rcode: 1 }],
    ["is refused by the server", { rcode: 5 }],
    ["has no answer", null],
  ])("of a name that %s is a dns fault (F64)", async (_name, reply) => {
    const { lookup } = await lookupWith(() => reply);
    const answer = await lookup("a.example", NEVER);
    expect(answer.ok).toBe(false);
    expect(brief(await post(egress({ lookup }), "http://a.example/"))).toBe("dns");
  });

  test("uses one family when the other's server says nothing or fails", async () => {
    for (const broken of [null, SERVFAIL, NXDOMAIN]) {
      const { lookup } = await lookupWith(only("A", { addresses: ["8.8.8.8"] }, broken), { tryTimeoutMs: 30_000 });
      expect(await lookup("a.example", NEVER)).toEqual({ ok: true, addresses: ["8.8.8.8"] });
    }
  });

  test("asks the system only for names that DNS does not know", async () => {
    const asked: string[] = [];
    const system = async (host: string): Promise<string[]> => {
      asked.push(host);
      return ["10.0.0.7"];
    };
    const known = await lookupWith(() => ({ addresses: ["8.8.8.8"] }), { system });
    await known.lookup("known.example", NEVER);
    const broken = await lookupWith(() => SERVFAIL, { system });
    await broken.lookup("broken.example", NEVER);
    expect(asked).toEqual([]);
    const unknown = await lookupWith(() => NXDOMAIN, { system });
    expect(await unknown.lookup("api", NEVER)).toEqual({ ok: true, addresses: ["10.0.0.7"] });
    expect(asked).toEqual(["api"]);
  });

  test("lets at most two calls to the system run, and those that wait give up with their post", async () => {
    const running: (() => void)[] = [];
    const system = () => new Promise<string[]>((resolve) => running.push(() => resolve(["10.0.0.7"])));
    // No question is asked again, so that their number tells who waits.
    const { lookup, dns } = await lookupWith(() => NXDOMAIN, { system, tryTimeoutMs: 30_000 });
    const stop = new AbortController();
    const first = [lookup("a", NEVER), lookup("b", NEVER)];
    await expect.poll(() => running.length).toBe(2);
    const waiting = lookup("c", stop.signal);
    const patient = lookup("d", NEVER);
    await expect.poll(() => dns.questions.filter(({ name }) => name === "d").length).toBe(2);
    stop.abort();
    expect(await waiting).toMatchObject({ ok: false });
    expect(running).toHaveLength(2);
    for (const finish of running.splice(0)) finish();
    expect(await Promise.all(first)).toHaveLength(2);
    await expect.poll(() => running.length).toBe(1);
    running[0]?.();
    expect(await patient).toEqual({ ok: true, addresses: ["10.0.0.7"] });
  });

  test("never takes localhost out of the machine", async () => {
    const { lookup, dns } = await lookupWith(() => ({ addresses: ["8.8.8.8"] }));
    expect(await lookup("localhost", NEVER)).toEqual({ ok: true, addresses: ["127.0.0.1", "::1"] });
    expect(await lookup("app.localhost", NEVER)).toEqual({ ok: true, addresses: ["127.0.0.1", "::1"] });
    expect(dns.questions).toEqual([]);
  });

  test("prefers what the operator pinned in the hosts file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-hosts-"));
    try {
      const hostsFile = join(folder, "hosts");
      await writeFile(
        hostsFile,
        "# pinned\n10.1.1.1\tPinned.example alias # more\n\nnonsense\n::7 pinned.example\n10.1.1.1 pinned.example\n",
      );
      const { lookup, dns } = await lookupWith(() => ({ addresses: ["8.8.8.8"] }), { hostsFile });
      expect(await lookup("pinned.example", NEVER)).toEqual({ ok: true, addresses: ["10.1.1.1", "::7"] });
      expect(dns.questions).toEqual([]);
      expect(await lookup("other.example", NEVER)).toEqual({ ok: true, addresses: ["8.8.8.8"] });
      expect(parseHosts("10.0.0.1 __proto__ constructor").get("toString")).toBeUndefined();
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("gives up with its post and within its own deadline", async () => {
    const { lookup, dns } = await lookupWith(() => null, { tryTimeoutMs: 30_000 });
    const stop = new AbortController();
    const early = lookup("a.example", AbortSignal.abort());
    expect(await early).toEqual({ ok: false, detail: expect.stringContaining("ECANCELLED") });
    const late = lookup("a.example", stop.signal);
    await expect.poll(() => dns.questions.length).toBe(2);
    stop.abort();
    expect(await late).toEqual({ ok: false, detail: expect.stringContaining("ECANCELLED") });
    const client = egress({ lookup, limits: { lookupTimeoutMs: 50 } });
    const outcome = await post(client, "http://b.example/");
    expect(outcome).toMatchObject({ kind: "failed", fault: "dns", detail: "DNS gave no answer within 50 ms" });
  });

  test("a name server that changes its mind with every answer reaches loopback in none of 300 posts (F114)", async () => {
    // Its port is chosen where others listen too: nobody but these tests does on the second address.
    const canary = track(await startHttp((_request, response) => void response.end("canary"), "127.0.0.1"));
    const server = track(await startHttp((_request, response) => void response.end("ok"), "127.0.0.3", canary.port));
    let asked = 0;
    const flip = (): DnsReply => ({ addresses: [(asked += 1) % 2 === 0 ? "127.0.0.1" : "127.0.0.3"] });
    const flipping = await lookupWith((question) => (question.type === "A" ? flip() : {}));
    const client = egress({ allowCidrs: ["127.0.0.3/32"], lookup: flipping.lookup, limits: { addressesKeptMs: 0 } });
    const outcomes = new Set<string | number>();
    for (let i = 0; i < 300; i += 1) outcomes.add(brief(await post(client, `http://flip.example:${server.port}/`)));
    expect([...outcomes].toSorted()).toEqual([200, "blocked address"]);
    expect(canary.connections()).toBe(0);
  });
});
