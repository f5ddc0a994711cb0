import type { IncomingMessage } from "node:http";

export type BodyResult =
  | { readonly kind: "complete"; readonly body: Buffer }
  | { readonly kind: "too_large" }
  | { readonly kind: "aborted" }
  | { readonly kind: "timeout" };

/**
 * Reads a body of at most `bytesMax` bytes within `timeoutMs`. A body that is larger is noticed while it arrives, announced
 * or not, and nothing of it is kept; one that stops half-way is never taken for a whole one.
 */
export function readBody(request: IncomingMessage, bytesMax: number, timeoutMs: number): Promise<BodyResult> {
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > bytesMax) return Promise.resolve({ kind: "too_large" });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (result: BodyResult): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      // A reset after the answer has been decided must not become an uncaught error.
      request.on("error", () => {});
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > bytesMax) {
        request.pause();
        finish({ kind: "too_large" });
      } else chunks.push(chunk);
    };
    const onEnd = (): void =>
      finish(
        request.complete
          ? { kind: "complete", body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size) }
          : { kind: "aborted" },
      );
    const onClose = (): void => finish({ kind: "aborted" });
    const timer = setTimeout(() => finish({ kind: "timeout" }), timeoutMs);
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}
