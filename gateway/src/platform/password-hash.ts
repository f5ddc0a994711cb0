import { scrypt, timingSafeEqual } from "node:crypto";
import { normalizePassword } from "../domain/password-rule.ts";

/** OWASP's first choice for scrypt: N=2^17, r=8, p=1; 128 MiB and some 300 ms for each. */
const COST_LOG2 = 17;
const BLOCKS = 8;
const LANES = 1;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
/** A stored hash may ask for this much at most, or a forged row could stop the process. */
const COST_LOG2_MAX = 18;

const FORM = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;

/** Hashes and checks passwords, one at a time: each takes 128 MiB, and many at once could take the process down. */
export interface PasswordHasher {
  /** As `$scrypt$ln=17,r=8,p=1$salt$hash`, in base64 without padding. */
  hash(password: string): Promise<string>;
  /**
   * Whether it is the password of a stored hash. With null, for somebody who has none or is not there, it takes the same time
   * and says no. `busy` when too many wait already.
   */
  check(password: string, stored: string | null): Promise<boolean | "busy">;
}

/** @param waitingMax how many checks may wait */
export function createPasswordHasher(parts: {
  readonly random: (bytes: number) => Uint8Array;
  readonly waitingMax?: number;
}): PasswordHasher {
  const waitingMax = parts.waitingMax ?? 16;
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    waiting++;
    const done = last.then(work).finally(() => waiting--);
    last = done.catch(() => {});
    return done;
  };
  return {
    hash: (password) =>
      inTurn(async () => {
        const salt = Buffer.from(parts.random(SALT_BYTES));
        const key = await derive(password, salt, { costLog2: COST_LOG2, blocks: BLOCKS, lanes: LANES });
        return `$scrypt$ln=${COST_LOG2},r=${BLOCKS},p=${LANES}$${bare(salt)}$${bare(key)}`;
      }),
    check: async (password, stored) => {
      if (waiting >= waitingMax) return "busy";
      return inTurn(() => compare(password, stored));
    },
  };
}

interface Cost {
  readonly costLog2: number;
  readonly blocks: number;
  readonly lanes: number;
}

async function compare(password: string, stored: string | null): Promise<boolean> {
  const match = FORM.exec(stored ?? "");
  const [, costLog2, blocks, lanes, salt, hash] = match ?? [];
  const cost = { costLog2: Number(costLog2), blocks: Number(blocks), lanes: Number(lanes) };
  const isOurs = match !== null && cost.costLog2 <= COST_LOG2_MAX && cost.blocks <= 16 && cost.lanes <= 4;
  if (!isOurs || hash === undefined || salt === undefined) {
    await derive(password, Buffer.alloc(SALT_BYTES), { costLog2: COST_LOG2, blocks: BLOCKS, lanes: LANES });
    return false;
  }
  return timingSafeEqual(await derive(password, Buffer.from(salt, "base64"), cost), Buffer.from(hash, "base64"));
}

function derive(password: string, salt: Buffer, { costLog2, blocks, lanes }: Cost): Promise<Buffer> {
  const cost = 2 ** costLog2;
  const options = { N: cost, r: blocks, p: lanes, maxmem: 128 * cost * blocks + 1_048_576 };
  return new Promise((resolve, reject) => {
    scrypt(normalizePassword(password), salt, KEY_BYTES, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function bare(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("=", "");
}
