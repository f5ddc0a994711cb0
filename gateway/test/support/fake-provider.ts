import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** What goes wrong with the next request: a limit with its wait, an error, half an answer, or the page before once more. */
export type Trouble = "limited" | "second-limit" | "spent" | "broken" | "cut" | "repeated";

/** A provider's API on a socket of its own, with a clock of its own and troubles on demand. */
export interface FakeProvider {
  /** Without a trailing slash. */
  readonly url: string;
  /** Method and path of each request. */
  readonly asked: string[];
  /** Taken one a request; then all is well. */
  readonly troubles: Trouble[];
  /** How far this provider's clock is ahead. */
  skewMs: number;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly text: string;
}

/** Starts one; it ends with the test. `answer` is asked for what a provider without troubles would say. */
export async function startFakeProvider(
  answer: (request: {
    readonly method: string;
    readonly url: URL;
    readonly headers: IncomingMessage["headers"];
  }) => Reply | Promise<Reply>,
): Promise<FakeProvider> {
  let before: Reply | null = null;
  const server = createServer((request, response) => void serve(request, response));
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    request.resume();
    const url = new URL(request.url ?? "/", fake.url);
    fake.asked.push(`${request.method} ${url.pathname}${url.search}`);
    const trouble = fake.troubles.shift();
    const refused = trouble === undefined ? null : refuse(trouble);
    if (refused !== null) return void write(response, refused);
    const reply =
      trouble === "repeated" && before !== null
        ? { ...before }
        : await answer({ method: request.method ?? "", url, headers: request.headers });
    if (trouble === "cut") {
      response.writeHead(reply.status, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(reply.text),
      });
      response.write(reply.text.slice(0, Math.floor(reply.text.length / 2)), () => response.destroy());
      return;
    }
    before = reply;
    write(response, reply);
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fake: FakeProvider = { url, asked: [], troubles: [], skewMs: 0 };
  return fake;
}

function write(response: ServerResponse, { status, headers = {}, text }: Reply): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers }).end(text);
}

function refuse(trouble: Trouble): Reply | null {
  const text = '{"error":{"message":"slow down"},"message":"slow down"}';
  switch (trouble) {
    case "limited":
      return { status: 429, headers: { "retry-after": "7" }, text };
    case "second-limit":
      return { status: 403, headers: { "retry-after": "60" }, text };
    case "spent": {
      const reset = String(Math.ceil(Date.now() / 1_000) + 30);
      return { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset }, text };
    }
    case "broken":
      return { status: 502, text: "<html>bad gateway</html>" };
    case "cut":
    case "repeated":
      return null;
  }
}
