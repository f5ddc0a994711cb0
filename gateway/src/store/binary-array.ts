// Arrays in PostgreSQL's binary form (array_recv: src/backend/utils/adt/arrayfuncs.c in its source). node-postgres sends a
// Buffer as a binary parameter; it would write arrays as text, each value quoted and searched for what must be escaped, and
// the server would read it back letter by letter.

const HEAD_BYTES = 20;
/** Object ids of the types of elements, which are the same in every PostgreSQL (pg_type.dat). */
const OID = { int8: 20, int4: 23, text: 25, float8: 701, timestamptz: 1184, uuid: 2950 } as const;

function head(oid: number, length: number, elementBytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(HEAD_BYTES + 4 * length + elementBytes);
  buffer.writeInt32BE(1, 0);
  // Whether nulls may be in it; the server looks for itself.
  buffer.writeInt32BE(1, 4);
  buffer.writeInt32BE(oid, 8);
  buffer.writeInt32BE(length, 12);
  buffer.writeInt32BE(1, 16);
  return buffer;
}

/** Values of one size each, a null taking none. @returns an array, empty ones too */
function fixed<T>(
  oid: number,
  bytes: number,
  values: readonly (T | null)[],
  write: (buffer: Buffer, value: T, at: number) => void,
): Buffer {
  const buffer = head(oid, values.length, bytes * values.length);
  let at = HEAD_BYTES;
  for (const value of values) {
    at = buffer.writeInt32BE(value === null ? -1 : bytes, at);
    if (value === null) continue;
    write(buffer, value, at);
    at += bytes;
  }
  return buffer.subarray(0, at);
}

/** `int[]`. */
export function int4Array(values: readonly number[]): Buffer {
  return fixed(OID.int4, 4, values, (buffer, value, at) => buffer.writeInt32BE(value, at));
}

/** `bigint[]`, of whole numbers below 2^53. */
export function int8Array(values: readonly (number | null)[]): Buffer {
  return fixed(OID.int8, 8, values, writeInt8);
}

/** `float8[]`. */
export function float8Array(values: readonly number[]): Buffer {
  return fixed(OID.float8, 8, values, (buffer, value, at) => buffer.writeDoubleBE(value, at));
}

/** `uuid[]`, of UUIDs as 8-4-4-4-12 hexadecimal digits. */
export function uuidArray(values: readonly string[]): Buffer {
  return fixed(OID.uuid, 16, values, writeUuid);
}

const EPOCH_MS = Date.UTC(2000, 0, 1);

/** `timestamptz[]`: microseconds since 2000. */
export function timestamptzArray(values: readonly (Date | null)[]): Buffer {
  return fixed(OID.timestamptz, 8, values, (buffer, value, at) => {
    const ms = value.getTime() - EPOCH_MS;
    if (Number.isSafeInteger(ms * 1_000)) writeInt8(buffer, ms * 1_000, at);
    else buffer.writeBigInt64BE(BigInt(ms) * 1_000n, at);
  });
}

/** `text[]`, of well-formed strings without NUL. */
export function textArray(values: readonly (string | null)[]): Buffer {
  // At most three bytes for each of a string's 16-bit units.
  const unitsMax = values.reduce((sum, value) => sum + (value?.length ?? 0), 0);
  const buffer = head(OID.text, values.length, 3 * unitsMax);
  let at = HEAD_BYTES;
  for (const value of values) {
    const bytes = value === null ? -1 : buffer.write(value, at + 4);
    buffer.writeInt32BE(bytes, at);
    at += 4 + Math.max(0, bytes);
  }
  return buffer.subarray(0, at);
}

function writeInt8(buffer: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 4_294_967_296);
  buffer.writeInt32BE(high, at);
  buffer.writeUInt32BE(value - high * 4_294_967_296, at + 4);
}

/** What each character code is worth as a hexadecimal digit; 0 for what is none. */
const DIGITS = Uint8Array.from({ length: 256 }, (_, code) => Number.parseInt(String.fromCharCode(code), 16) || 0);

function writeUuid(buffer: Buffer, uuid: string, start: number): void {
  if (uuid.length !== 36) throw new Error("not a UUID of 8-4-4-4-12 digits");
  let from = 0;
  for (let i = 0; i < 16; i++) {
    // Before the fifth, seventh, ninth and eleventh byte stands a dash.
    if (i === 4 || i === 6 || i === 8 || i === 10) from++;
    buffer[start + i] = (DIGITS[uuid.charCodeAt(from)]! << 4) | DIGITS[uuid.charCodeAt(from + 1)]!;
    from += 2;
  }
}
