import { gunzipSync } from "node:zlib";

/** Bytes of a decompressed body at most: a request of 4 kB may say that it is 4 MB (faults finding 11). */
const gunzippedBytesMax = 1024 * 1024;

/** The body before its compression with gzip; the bytes as they came when they are no gzip, or too much of it. */
export function gunzip(body: Uint8Array): Uint8Array {
  if (body[0] !== 0x1f || body[1] !== 0x8b) return body;
  try {
    return gunzipSync(body, { maxOutputLength: gunzippedBytesMax });
  } catch {
    return body;
  }
}
