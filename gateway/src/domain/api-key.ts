import { createHash } from "node:crypto";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const SECRET_BYTES = 20;
const PATTERN = /^hfk_[0-9a-hjkmnp-tv-z]{32}_[0-9a-hjkmnp-tv-z]{6}$/;

/** How many characters of a key are kept in the clear, so that a list of keys can be told apart: 40 of 160 bits go. */
const PREFIX_CHARS = 12;

/** A new API key: the clear text, shown once, and what is stored of it. */
export interface NewApiKey {
  readonly key: string;
  readonly prefix: string;
  readonly sha256: Buffer;
}

/**
 * Makes an API key: `hfk_`, 160 random bits in base 32, and a checksum of 30 bits, by which a mistyped or cut key is told
 * from a revoked one without asking the database, and by which a scanner finds leaked keys.
 */
export function newApiKey(random: (bytes: number) => Uint8Array): NewApiKey {
  const secret = toBase32(random(SECRET_BYTES));
  const key = `hfk_${secret}_${checksum(secret)}`;
  return { key, prefix: key.slice(0, PREFIX_CHARS), sha256: hashApiKey(key) };
}

/** What is stored of a key. No salt: 160 random bits cannot be guessed, and the hash must be found by its value. */
export function hashApiKey(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

/** Whether the text can be a key at all: form and checksum. */
export function isApiKey(text: string): boolean {
  return PATTERN.test(text) && checksum(text.slice(4, 36)) === text.slice(37);
}

function checksum(secret: string): string {
  return toBase32(createHash("sha256").update("holdfast api key\0").update(secret).digest()).slice(0, 6);
}

// Five bits a character; 20 and 32 bytes fill 32 and 51 characters, and what is left over of the last byte is dropped.
function toBase32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let pending = 0;
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(pending >> bits) & 31];
    }
    pending &= (1 << bits) - 1;
  }
  return text;
}
