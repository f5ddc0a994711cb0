import type { MailDialer } from "./egress/dial-mail.ts";
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
}

/** Whether the server took it; `isFinal`: it never will (a 5xx answer other than one to a login, which may be mended). */
export type MailSent =
  | { readonly ok: true }
  | { readonly ok: false; readonly detail: string; readonly isFinal: boolean };

const TIMEOUT_MS = 15_000;

/** Sends one mail over a connection that the egress has vetted. Never throws: what a server says is expected. */
export async function sendMail(deps: { readonly dialer: MailDialer }, mail: Mail): Promise<MailSent> {
  const dialled = await deps.dialer.dial(mail.host, mail.port, TIMEOUT_MS);
  if (!dialled.ok) return { ok: false, detail: dialled.detail, isFinal: false };
  const { host, port, security, auth } = mail;
  // 14 MB that a gateway which sends no mail does without (measured).
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    host,
    port,
    connection: dialled.socket,
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
  try {
    const { from, to, subject, text } = mail;
    await transport.sendMail({ from, to: [...to], subject, text, headers: { "Message-ID": `<${mail.id}@holdfast>` } });
    return { ok: true };
  } catch (error) {
    const code = error instanceof Error && "responseCode" in error ? Number(error.responseCode) : 0;
    return { ok: false, detail: messageOf(error).slice(0, 300), isFinal: code >= 550 && code < 560 };
  } finally {
    transport.close();
    dialled.socket.destroy();
  }
}
