import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IngestGateway } from "../support/ingest-gateway.ts";
import { SECRET, post, signedWebhook, startIngestGateway, until } from "../support/ingest-gateway.ts";

let gateway: IngestGateway;

beforeAll(async () => {
  gateway = await startIngestGateway({ content: {} });
  const source = { name: "payments", provider: "stripe", key: "payments-key", secrets: [SECRET] };
  await api("POST", "/sources", source, 201);
});
afterAll(() => gateway.close());

async function api(method: string, path: string, body: unknown, ...wanted: readonly number[]): Promise<unknown> {
  const response = await fetch(`${gateway.adminUrl}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${gateway.gateway.adminToken}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!wanted.includes(response.status)) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return { ...(JSON.parse(text) as object), status: response.status };
}

interface Version {
  readonly version: string;
  readonly secret: string;
  /** The moment of its end, once it has one. */
  endMs: number | null;
}

interface Sent {
  readonly version: Version;
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly status: number;
}

const ROTATIONS = 20;
const OVERLAP_MS = 1_000;
const SENDERS = 8;
/** Past its end by more than this, nothing may be accepted. */
const GRACE_MS = 1_000;

const secretOf = (rotation: number): string => `whsec_secret-of-rotation-number-${String(rotation).padStart(3, "0")}`;

describe(`a secret that is rolled ${ROTATIONS} times under load, signed by the old and the new`, () => {
  const versions: Version[] = [{ version: "v1", secret: SECRET, endMs: null }];
  const sent: Sent[] = [];
  const load = { over: false };

  async function send(version: Version): Promise<void> {
    const body = `{"id":"evt_${sent.length}_${Math.random()}","type":"a.b"}`;
    const webhook = signedWebhook({ provider: "stripe", key: "payments-key", body, secret: version.secret });
    const sentMs = Date.now();
    const { status } = await post(gateway.url, webhook);
    sent.push({ version, sentMs, answeredMs: Date.now(), status });
  }

  /** Signs in turn with the newest secret, the one before, and older ones, whatever has become of them. */
  async function keepSending(): Promise<void> {
    for (let i = 0; !load.over; i++) {
      const back = i % 3 === 2 ? i % versions.length : i % 3;
      await send(versions.at(-1 - back) ?? versions[0]!);
    }
  }

  async function rotate(rotation: number): Promise<void> {
    const before = versions.at(-1)!;
    const fresh = { version: `v${rotation + 1}`, secret: secretOf(rotation), endMs: null };
    // Ten may be live at once: the next one waits until the oldest has ended.
    await until(async () => {
      const added = (await api("POST", "/sources/payments/secrets", { value: fresh.secret }, 201, 409)) as {
        status: number;
      };
      return added.status === 201;
    });
    versions.push(fresh);
    const overlapHours = OVERLAP_MS / 3_600_000;
    const path = `/sources/payments/secrets/${fresh.version}/promote`;
    const promoted = (await api("POST", path, { overlapHours }, 200)) as {
      items: { version: string; notAfter: string | null }[];
    };
    before.endMs = Date.parse(promoted.items.find(({ version }) => version === before.version)!.notAfter!);
  }

  const late = (version: Version): Sent[] =>
    sent.filter((one) => one.version === version && one.sentMs > version.endMs! + GRACE_MS);

  it("refuses no valid request, and accepts none later than a second after the end of its secret (F97)", async () => {
    const senders = Array.from({ length: SENDERS }, keepSending);
    for (let rotation = 1; rotation <= ROTATIONS; rotation++) {
      const before = sent.length;
      await rotate(rotation);
      await until(() => sent.length >= before + 20);
    }
    const ended = versions.slice(0, -1);
    await until(() => ended.every((version) => Date.now() > version.endMs! + GRACE_MS));
    for (const version of ended) await send(version);
    load.over = true;
    await Promise.all(senders);

    const valid = sent.filter(({ version, answeredMs }) => version.endMs === null || answeredMs <= version.endMs);
    expect(valid.length).toBeGreaterThan(ROTATIONS * 20);
    expect(valid.filter(({ status }) => status !== 200)).toEqual([]);
    for (const version of ended) expect([version.version, late(version).length > 0]).toEqual([version.version, true]);
    expect(ended.flatMap(late).filter(({ status }) => status === 200)).toEqual([]);
  });

  it("is counted by version: what each verified, and when it was last used", async () => {
    const accepted = sent.filter(({ status }) => status === 200);
    const listed = async () =>
      (
        (await api("GET", "/sources/payments/secrets", undefined, 200)) as {
          items: { version: string; uses: number; lastUsedAt: string; state: string }[];
        }
      ).items;
    await until(async () => (await listed()).reduce((sum, { uses }) => sum + uses, 0) === accepted.length);
    for (const { version, uses, lastUsedAt } of await listed()) {
      const own = accepted.filter((one) => one.version.version === version);
      expect([version, uses]).toEqual([version, own.length]);
      const lastMs = Date.parse(lastUsedAt);
      expect(own.some(({ sentMs, answeredMs }) => sentMs <= lastMs && lastMs <= answeredMs)).toBe(true);
    }
    await until(async () => (await listed()).filter(({ state }) => state === "retired").length === ROTATIONS);
  });

  it("names the retired version that a late sender signs with, in the rejection, the API and the log alike", async () => {
    const version = versions[ROTATIONS - 1]!;
    interface Rejection {
      readonly reason: string;
      readonly diagnosis: { summary: string; likelyCause: string; evidence: { secretVersion?: string } };
    }
    let found: Rejection | undefined;
    // Again and again: the door learns of a retirement half a second after the API tells it, and looks no closer
    // than it may at a source whose requests it has just refused by the hundred.
    await until(async () => {
      await send(version);
      const page = (await api("GET", "/rejections?source=payments&reason=secret_expired&limit=1", undefined, 200)) as {
        items: (typeof found)[];
      };
      found = page.items[0];
      const { likelyCause, evidence } = found?.diagnosis ?? {};
      return likelyCause === "secret_retired" && evidence?.secretVersion === version.version;
    });
    expect(found).toMatchObject({
      reason: "secret_expired",
      diagnosis: { evidence: { secretVersion: version.version, retiredAt: new Date(version.endMs!).toISOString() } },
    });
    const { summary } = found!.diagnosis;
    expect(summary).toContain(`signed with version ${version.version}, which was retired on`);
    const stored = await gateway.query<{ summary: string }>(
      "select distinct diagnosis ->> 'summary' as summary from holdfast.rejection where diagnosis ->> 'summary' = $1",
      [summary],
    );
    expect(stored).toEqual([{ summary }]);
    expect(gateway.logged.some((line) => line.includes(JSON.stringify(summary).slice(1, -1)))).toBe(true);
    const words = gateway.logged.join("") + JSON.stringify(found);
    for (const { secret } of versions) expect(words).not.toContain(secret);
  });
});
