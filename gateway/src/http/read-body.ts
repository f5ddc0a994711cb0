import type { IncomingMessage } from "node:http";
import type { BodyHolder, ByteBudget } from "./byte-budget.ts";

export type BodyResult =
  | { readonly kind: "complete"; readonly body: Buffer }
  | { readonly kind: "too_large" }
  /** Too many bytes of other bodies are held, of this source or of all. */
  | { readonly kind: "no_room" }
  | { readonly kind: "aborted" }
  | { readonly kind: "timeout" };

export interface BodyLimits {
  readonly timeoutMs: number;
  readonly budget: ByteBudget;
  readonly holder: BodyHolder;
  /** Calls back once all that has come by now was read. */
  readonly afterTurn: AfterTurn;
}

export type AfterTurn = (step: () => void) => void;

/** One look of the event loop for all who ask in a turn: each of their own would cost as much as the timer that it saves. */
export function createAfterTurn(): AfterTurn {
  let steps: (() => void)[] = [];
  const run = (): void => {
    const due = steps;
    steps = [];
    for (const step of due) step();
  };
  return (step) => {
    if (steps.push(step) === 1) setImmediate(run);
  };
}

/** Pieces below this are copied together: each costs some 90 bytes beside its own, and a sender may chunk a body byte by byte. */
const PIECE_MIN_BYTES = 1_024;

/** What has come of one body. It holds at most about twice the bytes that it counts, and a body of one piece is not copied. */
class Pieces {
  size = 0;
  readonly #pieces: Buffer[] = [];
  /** The last piece where it is of our own making, and how much of it is filled. */
  #block: Buffer | null = null;
  #filled = 0;

  add(piece: Buffer): void {
    this.size += piece.length;
    if (this.#pieces.length === 0 || piece.length >= PIECE_MIN_BYTES) {
      this.#closeBlock();
      this.#pieces.push(piece);
      return;
    }
    if (this.#block === null || this.#filled + piece.length > PIECE_MIN_BYTES) {
      this.#closeBlock();
      // Not of the shared pool: what is left of that would be held with it.
      this.#block = Buffer.allocUnsafeSlow(PIECE_MIN_BYTES);
      this.#pieces.push(this.#block);
    }
    this.#filled += piece.copy(this.#block, this.#filled);
  }

  whole(): Buffer {
    this.#closeBlock();
    return this.#pieces.length === 1 ? this.#pieces[0]! : Buffer.concat(this.#pieces, this.size);
  }

  #closeBlock(): void {
    if (this.#block !== null) this.#pieces[this.#pieces.length - 1] = this.#block.subarray(0, this.#filled);
    this.#block = null;
    this.#filled = 0;
  }
}

/**
 * Reads a body of at most the holder's `bytesMax` bytes within `timeoutMs`. A body that is larger is noticed while it arrives, announced
 * or not, and nothing of it is kept; one that stops half-way is never taken for a whole one. The bytes of a complete body
 * stay taken from the budget: whoever is done with it gives them back.
 */
export function readBody(request: IncomingMessage, limits: BodyLimits): Promise<BodyResult> {
  const { timeoutMs, budget, holder, afterTurn } = limits;
  const { bytesMax } = holder;
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) return Promise.resolve({ kind: "too_large" });
  return new Promise((resolve) => {
    const pieces = new Pieces();
    let timer: NodeJS.Timeout | null = null;
    let isOver = false;
    const finish = (result: BodyResult): void => {
      isOver = true;
      if (timer !== null) clearTimeout(timer);
      if (result.kind !== "complete") budget.give(holder, pieces.size);
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      if (isOver) return;
      const isTooLarge = pieces.size + chunk.length > bytesMax;
      if (isTooLarge || !budget.take(holder, chunk.length)) {
        request.pause();
        finish({ kind: isTooLarge ? "too_large" : "no_room" });
        return;
      }
      pieces.add(chunk);
    };
    const onEnd = (): void => {
      if (isOver) return;
      if (!request.complete) finish({ kind: "aborted" });
      else finish({ kind: "complete", body: pieces.whole() });
    };
    // Stays to the end: a reset after the answer has been decided must not become an uncaught error.
    const onClose = (): void => {
      if (!isOver) finish({ kind: "aborted" });
    };
    // Most bodies come with their headers, and are read by the end of this turn.
    afterTurn(() => {
      if (!isOver) timer = setTimeout(() => finish({ kind: "timeout" }), timeoutMs);
    });
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}
