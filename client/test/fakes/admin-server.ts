import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One call as the server saw it. */
export interface SeenCall {
  method: string;
  url: string;
  authorization: string | undefined;
  contentType: string | undefined;
  ifMatch: string | undefined;
  body: string;
}

/** What the server answers: JSON, or a text with its content type. */
export type Reply = { status?: number; json?: unknown; text?: string; headers?: Record<string, string> };

/** A server over real HTTP that answers by a function and remembers what it was asked. */
export async function startAdminServer(reply: (call: SeenCall) => Reply) {
  const calls: SeenCall[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    const call = {
      method,
      url,
      authorization: headers.authorization,
      contentType: headers["content-type"],
      ifMatch: headers["if-match"],
      body: Buffer.concat(chunks).toString(),
    };
    calls.push(call);
    const { status = 200, json, text = JSON.stringify(json) ?? "", headers: given = {} } = reply(call);
    response.writeHead(status, given).end(text);
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
