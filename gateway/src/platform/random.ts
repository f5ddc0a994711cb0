import { randomFillSync } from "node:crypto";

const POOL_BYTES = 8_192;

/**
 * Random bytes from the system's generator, fetched in blocks: a small request costs as much as a block does, and an event
 * needs several (measured: 6 µs each under load).
 *
 * @returns a function that gives that many random bytes, each handed out once
 */
export function createRandom(): (bytes: number) => Uint8Array {
  let pool = Buffer.alloc(0);
  let at = 0;
  return (bytes) => {
    if (at + bytes > pool.length) {
      // A new block each time: slices of the old one may still be in use.
      pool = randomFillSync(Buffer.allocUnsafeSlow(Math.max(POOL_BYTES, bytes)));
      at = 0;
    }
    at += bytes;
    return pool.subarray(at - bytes, at);
  };
}

/** A number in [0, 1), of four random bytes. */
export function randomFraction(random: (bytes: number) => Uint8Array): number {
  return Buffer.from(random(4)).readUInt32BE() / 2 ** 32;
}
