import type { ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createServer as createTcpServer } from "node:net";
import { SMTPServer } from "smtp-server";

/** One POST that came: where to, and what it said. */
export interface Posted {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Slack's incoming webhooks, PagerDuty's Events API v2 and a plain receiver behind one port, by their documented answers. */
export interface FakeChannels {
  readonly url: string;
  readonly posted: Posted[];
  /** Answers the next posts with these statuses, then as documented again. */
  failNext(...statuses: number[]): void;
  close(): Promise<void>;
}

export async function startFakeChannels(): Promise<FakeChannels> {
  const posted: Posted[] = [];
  const failures: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      const failure = failures.shift();
      posted.push({ path: request.url ?? "", headers: request.headers, text });
      if (failure !== undefined) response.writeHead(failure).end("try later");
      else if (request.url === "/v2/enqueue") {
        const event = JSON.parse(text) as Record<string, unknown>;
        const known = typeof event["routing_key"] === "string" && typeof event["dedup_key"] === "string";
        const isWhole = event["event_action"] === "resolve" || event["payload"] !== undefined;
        response.writeHead(known && isWhole ? 202 : 400, { "content-type": "application/json" });
        response.end(JSON.stringify({ status: "success", message: "Event processed", dedup_key: event["dedup_key"] }));
      } else if (request.url?.startsWith("/services/") === true) {
        const isWhole = typeof (JSON.parse(text) as Record<string, unknown>)["text"] === "string";
        response.writeHead(isWhole ? 200 : 400).end(isWhole ? "ok" : "no_text");
      } else response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posted,
    failNext: (...statuses) => void failures.push(...statuses),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** How a mail server is reached and whom it lets in. */
export interface MailServer {
  readonly login?: { readonly user: string; readonly pass: string };
  readonly security?: "tls" | "starttls" | "none";
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Whose mail it does not take. */
  readonly unknown?: string;
}

/** A mail server that takes everything but what its options refuse, and keeps the passwords that it was shown. */
export async function startFakeMail(options: MailServer = {}) {
  const { login, security = "none", certificate, unknown } = options;
  const mails: string[] = [];
  const shown: string[] = [];
  const server = new SMTPServer({
    authOptional: login === undefined,
    disabledCommands: [...(login === undefined ? ["AUTH"] : []), ...(security === "starttls" ? [] : ["STARTTLS"])],
    allowInsecureAuth: true,
    secure: security === "tls",
    ...certificate,
    onAuth: ({ username, password }, _session, callback) => {
      shown.push(password ?? "");
      const isRight = username === login?.user && password === login?.pass;
      callback(isRight ? null : new Error("Invalid username or password"), isRight ? { user: username } : undefined);
    },
    onRcptTo: ({ address }, _session, callback) => {
      callback(address === unknown ? Object.assign(new Error("no such user"), { responseCode: 550 }) : null);
    },
    onData: (stream, _session, callback) => {
      const chunks: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("end", () => {
        mails.push(Buffer.concat(chunks).toString("utf8"));
        callback();
      });
    },
  });
  // A client that does not trust the certificate hangs up.
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.server.address() as AddressInfo;
  return {
    port: address.port,
    mails,
    shown,
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}

/** A mail server that greets and then says what it can do without end, a line now and then: the connection is never silent. */
export async function startTarpit() {
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => {
    open.add(socket);
    socket.write("220 here\r\n");
    let timer: NodeJS.Timeout | undefined;
    socket.once("data", () => {
      timer = setInterval(() => socket.write("250-WAIT\r\n"), 20);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearInterval(timer);
      open.delete(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => open.size,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

/** A receiver that answers 202 when it is told to. */
export async function startHeldReceiver() {
  const waiting: ServerResponse[] = [];
  const server = createServer((request, response) => {
    request.resume().on("end", () => waiting.push(response));
    response.on("close", () => {
      if (waiting.includes(response)) waiting.splice(waiting.indexOf(response), 1);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** How many requests wait for their answers. */
    waiting: () => waiting.length,
    /** Answers all that wait. */
    release: () => waiting.splice(0).forEach((response) => response.writeHead(202).end()),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
