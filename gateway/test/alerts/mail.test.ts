import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import type { Mail, MailSent } from "../../src/platform/send-mail.ts";
import { createAuthority, selfSign } from "../egress/fakes/certificates.ts";
import { testFolder } from "../support/folder.ts";
import type { MailServer } from "./fakes.ts";
import { startFakeMail } from "./fakes.ts";

const HOST = "mail.example";
const LOGIN = { user: "holdfast", pass: "a password with \u00fcmlaut" };
const authority = createAuthority();
const certificate = authority.issue({ names: [HOST] });

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function startMail(options: MailServer) {
  const server = await startFakeMail(options);
  closing.push(server.close);
  return server;
}

function mailTo(port: number, changes: Partial<Mail> = {}): Mail {
  const [from, to] = ["holdfast@example.com", ["ops@example.com"]];
  const said = { subject: "[Holdfast] Firing: disk_low", text: "The disk is nearly full.", id: "ntc_1" };
  return { host: HOST, port, security: "none", auth: null, from, to, ...said, ...changes };
}

/** Sends from a process that trusts our authority beside the usual ones, and was told by its environment not to check. */
async function send(...mails: readonly Mail[]): Promise<MailSent[]> {
  const path = join(testFolder(), "ca.pem");
  writeFileSync(path, authority.cert);
  const script = fileURLToPath(new URL("send-mails.mjs", import.meta.url));
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: path, NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" };
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(mails)], { env });
  return JSON.parse(stdout) as MailSent[];
}

describe("a mail", () => {
  it.each(["tls", "starttls"] as const)(
    "goes by %s with a login to a server that can prove its name",
    async (security) => {
      const server = await startMail({ login: LOGIN, security, certificate });
      expect(await send(mailTo(server.port, { security, auth: LOGIN }))).toEqual([{ ok: true }]);
      expect(server.mails).toEqual([expect.stringContaining("Subject: [Holdfast] Firing: disk_low")]);
      expect(server.shown).toEqual([LOGIN.pass]);
    },
  );

  it.each(["tls", "starttls"] as const)(
    "and its password stay here when %s leads to somebody else",
    async (security) => {
      const strangers = [selfSign({ names: [HOST] }), authority.issue({ names: ["other.example"] })];
      const servers = await Promise.all(
        strangers.map((one) => startMail({ login: LOGIN, security, certificate: one })),
      );
      const sent = await send(...servers.map(({ port }) => mailTo(port, { security, auth: LOGIN })));
      expect(sent).toMatchObject([
        { ok: false, isFinal: false },
        { ok: false, isFinal: false },
      ]);
      for (const { mails, shown } of servers) expect([mails, shown]).toEqual([[], []]);
    },
  );

  it("is not sent in the open when STARTTLS is asked for and not offered", async () => {
    const server = await startMail({ login: LOGIN });
    const [sent] = await send(mailTo(server.port, { security: "starttls", auth: LOGIN }));
    expect(sent).toMatchObject({ ok: false });
    expect([server.mails, server.shown]).toEqual([[], []]);
  });

  it("whose login is refused may be sent again, and the reason does not repeat the password", async () => {
    const server = await startMail({ login: LOGIN });
    const auth = { user: LOGIN.user, pass: "not-the-password" };
    const [sent] = await send(mailTo(server.port, { auth }));
    expect(sent).toEqual({
      ok: false,
      isFinal: false,
      detail: expect.stringContaining("Invalid username or password"),
    });
    expect(JSON.stringify(sent)).not.toContain(auth.pass);
    expect(JSON.stringify(sent)).not.toContain(Buffer.from(auth.pass).toString("base64"));
  });

  it("to somebody whom the server does not know is given up", async () => {
    const server = await startMail({ unknown: "ops@example.com" });
    expect(await send(mailTo(server.port))).toEqual([
      { ok: false, isFinal: true, detail: expect.stringContaining("no such user") },
    ]);
  });
});
