import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BUCKETS } from "../../src/domain/bucket.ts";
import type { IdPrefix } from "../../src/domain/id.ts";
import { bucketOf, lowestUuid, newUuid, parsePublicId, timeOf, toPublicId, uuidAfter } from "../../src/domain/id.ts";

const PREFIXES: readonly IdPrefix[] = ["src", "dst", "rte", "evt", "dlv", "att", "rej", "key"];
const times = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const buckets = fc.integer({ min: 0, max: BUCKETS - 1 });
const random = fc.uint8Array({ minLength: 8, maxLength: 16 });
const uuids = fc.tuple(times, buckets, random).map(([time, bucket, bytes]) => newUuid(time, bucket, bytes));

describe("an id", () => {
  it("gives back its bucket and its time", () => {
    fc.assert(
      fc.property(times, buckets, random, (time, bucket, bytes) => {
        const uuid = newUuid(time, bucket, bytes);
        expect([bucketOf(uuid), timeOf(uuid)]).toEqual([bucket, time]);
      }),
    );
  });

  it("of what follows sorts behind what it follows, in its bucket, whatever the clock says", () => {
    const past = fc.integer({ min: 0, max: 2 ** 48 - 2 });
    fc.assert(
      fc.property(past, buckets, random, times, random, (time, bucket, bytes, now, others) => {
        const before = newUuid(time, bucket, bytes);
        const after = uuidAfter(before, now, others);
        expect([after > before, bucketOf(after)]).toEqual([true, bucket]);
        expect(timeOf(after)).toBe(now > time ? now : time + 1);
      }),
    );
  });

  it("is a UUID of version 7 with the variant of RFC 9562", () => {
    fc.assert(
      fc.property(uuids, (uuid) => {
        expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      }),
    );
  });

  it("keeps all 62 random bits, so that equal times and buckets do not collide", () => {
    const ids = Array.from({ length: 62 }, (_, bit) => {
      const bytes = new Uint8Array(8);
      const place = bit + 2;
      bytes[Math.floor(place / 8)] = 0x80 >> (place % 8);
      return newUuid(1, 1, bytes);
    });
    expect(new Set([...ids, newUuid(1, 1, new Uint8Array(8))]).size).toBe(63);
  });

  it("does not change the bytes of chance that it was given", () => {
    const bytes = new Uint8Array(8).fill(0xff);
    newUuid(1, 1, bytes);
    expect(bytes).toEqual(new Uint8Array(8).fill(0xff));
  });

  it("has a lowest one of each millisecond, with nothing behind the time", () => {
    expect(lowestUuid(0x0199f0c87c3e)).toBe("0199f0c8-7c3e-0000-0000-000000000000");
    expect(lowestUuid(5.9)).toBe("00000000-0005-0000-0000-000000000000");
  });

  it("falls between the partition bounds of its millisecond", () => {
    fc.assert(
      fc.property(uuids, (uuid) => {
        fc.pre(timeOf(uuid) < 2 ** 48 - 1);
        expect(lowestUuid(timeOf(uuid)) <= uuid).toBe(true);
        expect(uuid < lowestUuid(timeOf(uuid) + 1)).toBe(true);
      }),
    );
  });
});

describe("a public id", () => {
  it("says what it names and reads back to the same UUID, for every prefix", () => {
    fc.assert(
      fc.property(uuids, fc.constantFrom(...PREFIXES), (uuid, prefix) => {
        const text = toPublicId(prefix, uuid);
        expect(text).toMatch(new RegExp(`^${prefix}_[0-9a-z]{26}$`));
        expect(parsePublicId(prefix, text)).toBe(uuid);
      }),
    );
  });

  it("sorts as its UUID sorts", () => {
    fc.assert(
      fc.property(uuids, uuids, (a, b) => {
        expect(toPublicId("evt", a) < toPublicId("evt", b)).toBe(a < b);
      }),
    );
  });

  it("is not taken for one of another kind", () => {
    fc.assert(
      fc.property(uuids, (uuid) => {
        for (const prefix of PREFIXES.filter((one) => one !== "evt")) {
          expect(parsePublicId(prefix, toPublicId("evt", uuid))).toBeNull();
        }
      }),
    );
  });

  it("refuses what no id looks like", () => {
    const good = toPublicId("evt", newUuid(1_700_000_000_000, 7, new Uint8Array(8)));
    const bad = ["", "evt_", good.toUpperCase(), `${good}0`, good.slice(0, -1), ` ${good}`, good.replace(/.$/, "i")];
    // 26 digits of base 32 hold 130 bits: the first digit must stay below 8.
    for (const text of [...bad, `evt_8${good.slice(5)}`, "evt_'; drop table holdfast.event; --"]) {
      expect([text, parsePublicId("evt", text)]).toEqual([text, null]);
    }
  });
});
