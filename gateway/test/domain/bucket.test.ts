import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BUCKETS, placeKey } from "../../src/domain/bucket.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe("the place of an event key", () => {
  it("is the first 12 bits and the next 128 bits of SHA-256(source, separator, key)", () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uint8Array({ maxLength: 64 }), fc.constantFrom(0, 1), (source, key, separator) => {
        const digest = createHash("sha256")
          .update(Buffer.concat([bytes(source), Uint8Array.of(separator), key]))
          .digest("hex");
        const place = placeKey(source, key, separator as 0 | 1);
        expect(place.bucket).toBe(Number.parseInt(digest.slice(0, 3), 16));
        expect(place.key.replaceAll("-", "")).toBe(digest.slice(3, 35));
      }),
    );
  });

  it("is written as a UUID that PostgreSQL takes", () => {
    expect(placeKey("s", bytes("k")).key).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it("differs between sources, so that one source's ids cannot claim another's", () => {
    expect(placeKey("a", bytes("evt_1"))).not.toEqual(placeKey("b", bytes("evt_1")));
    expect(placeKey("a", bytes("bc"))).not.toEqual(placeKey("ab", bytes("c")));
  });

  it("differs between an id and a signed content of the same bytes", () => {
    expect(placeKey("a", bytes("same"), 0).key).not.toBe(placeKey("a", bytes("same"), 1).key);
  });

  it("spreads ids that differ only in a counter evenly over all buckets", () => {
    const perBucket = 16;
    const counts = Array.from({ length: BUCKETS }, () => 0);
    for (let i = 0; i < BUCKETS * perBucket; i++) counts[placeKey("source", bytes(`evt_${i}`)).bucket]!++;
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(Math.max(...counts)).toBeLessThan(perBucket * 3);
    // Chi-square with 4,095 degrees of freedom: mean 4,095, standard deviation 90; 5 deviations either way.
    const chiSquare = counts.reduce((sum, count) => sum + (count - perBucket) ** 2 / perBucket, 0);
    expect(Math.abs(chiSquare - 4_095)).toBeLessThan(450);
  });
});
