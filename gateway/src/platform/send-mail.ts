import type { MailDialled, MailDialer } from "./egress/dial-mail.ts";
import { messageOf } from "./log.ts";

/** One mail to one server. */
export interface Mail {
  readonly host: string;
  readonly port: number;
  /** `tls` from the first byte; `starttls`: refused where the server does not offer it; `none`: in the open. */
  readonly security: "tls" | "starttls" | "none";
  readonly auth: { readonly user: string; readonly pass: string } | null;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  /** Without angle brackets: the same over all attempts, so that a mailbox can tell a repetition. */
  readonly id: string;
  /** For everything together; the connection ends with it. */
  readonly totalTimeoutMs: number;
}

/** Whether the server took it; `isFinal`: it never will (a 5xx answer other than one to a login, which may be mended). */
export type MailSent =
  | { readonly ok: true }
  | { readonly ok: false; readonly detail: string; readonly isFinal: boolean };

const TIMEOUT_MS = 15_000;

/** What is left of a mail's time, and its connection. */
interface MailRoom {
  readonly socket: Extract<MailDialled, { readonly ok: true }>["socket"];
  readonly totalTimeoutMs: number;
  readonly leftMs: number;
}

/** Sends one mail over a connection that the egress has vetted. Never throws: what a server says is expected. */
export async function sendMail(deps: { readonly dialer: MailDialer }, mail: Mail): Promise<MailSent> {
  const startedAtMs = performance.now();
  const { host, port, security, auth, totalTimeoutMs } = mail;
  const dialled = await deps.dialer.dial(host, port, Math.min(TIMEOUT_MS, totalTimeoutMs));
  if (!dialled.ok) return { ok: false, detail: dialled.detail, isFinal: false };
  const { socket } = dialled;
  // 14 MB that a gateway which sends no mail does without (measured).
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    host,
    port,
    connection: socket,
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    tls: { minVersion: "TLSv1.2", rejectUnauthorized: true },
    ...(auth === null ? {} : { auth: { type: "login", ...auth } }),
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const { from, to, subject, text } = mail;
  const message = { from, to: [...to], subject, text, headers: { "Message-ID": `<${mail.id}@holdfast>` } };
  const leftMs = totalTimeoutMs - (performance.now() - startedAtMs);
  try {
    return await within({ socket, totalTimeoutMs, leftMs }, transport.sendMail(message));
  } finally {
    transport.close();
    socket.destroy();
  }
}

/**
 * Waits for the server's word for as long as the connection stands and there is time left. The timeouts of the library count
 * silence, so a server that says a line now and then would keep it waiting for good.
 */
function within({ socket, totalTimeoutMs, leftMs }: MailRoom, sending: Promise<unknown>): Promise<MailSent> {
  return new Promise((resolve) => {
    const finish = (sent: MailSent): void => {
      clearTimeout(timer);
      socket.removeListener("close", closed);
      resolve(sent);
    };
    const fail = (detail: string): void => finish({ ok: false, detail, isFinal: false });
    const timer = setTimeout(() => fail(`the mail was not taken within ${totalTimeoutMs} ms`), leftMs);
    // What the library says of a connection that closed is more to the point, if it says it at once.
    const closed = (): void => void setImmediate(fail, "the connection was closed before the mail was taken");
    if (socket.destroyed) closed();
    socket.once("close", closed);
    sending.then(
      () => finish({ ok: true }),
      (error: unknown) => {
        const code = error instanceof Error && "responseCode" in error ? Number(error.responseCode) : 0;
        finish({ ok: false, detail: messageOf(error).slice(0, 300), isFinal: code >= 550 && code < 560 });
      },
    );
  });
}
