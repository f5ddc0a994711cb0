/** Reads an answer's body up to a bound; throws, and closes the connection, when it goes on beyond. */
export async function readAnswer(
  response: Response,
  bytesMax: number,
): Promise<{ status: number; bytes: Uint8Array; tag: string | null }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of readChunks(response.body)) {
    size += chunk.length;
    if (size > bytesMax) throw new Error(`the answer is larger than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  // Without Buffer: the dashboard calls the API with this as well, and a browser has none.
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return { status: response.status, bytes, tag: response.headers.get("etag") };
}

// The stream itself is not iterated: Safari's cannot be.
async function* readChunks(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array, void, undefined> {
  if (body === null) return;
  const reader = body.getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } finally {
    // Whoever leaves before the end closes the connection with it.
    await reader.cancel();
  }
}
