import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { createMailDialer } from "../../src/platform/egress/dial-mail.ts";
import type { HostLookup } from "../../src/platform/egress/look-up-host.ts";
import type { Mail, MailSent } from "../../src/platform/send-mail.ts";
import { sendMail } from "../../src/platform/send-mail.ts";
import { createAuthority, selfSign } from "../egress/fakes/certificates.ts";
import { until } from "../support/embedded.ts";
import { testFolder } from "../support/folder.ts";
import type { MailServer } from "./fakes.ts";
import { startFakeMail, startTarpit } from "./fakes.ts";

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
  const how = { host: HOST, port, security: "none", auth: null, totalTimeoutMs: 60_000 } as const;
  return { ...how, from, to, ...said, ...changes };
}

/** Sends from this process, to 127.0.0.1 by any name. */
function dialerHere() {
  const lookup: HostLookup = async () => ({ ok: true, addresses: ["127.0.0.1"] });
  return createMailDialer({ policy: { allowCidrs: ["127.0.0.1/32"] }, clock: systemClock, lookup });
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

  it("to a server that never comes to the point is given up at its deadline, and its connection with it", async () => {
    const tarpit = await startTarpit();
    const dialer = dialerHere();
    const sent = await sendMail({ dialer }, mailTo(tarpit.port, { totalTimeoutMs: 2_000 }));
    expect(sent).toEqual({ ok: false, isFinal: false, detail: "the mail was not taken within 2000 ms" });
    await until(() => tarpit.connections() === 0);
    dialer.close();
    await tarpit.close();
  });

  it("that is under way ends with the dialer", async () => {
    const tarpit = await startTarpit();
    const dialer = dialerHere();
    const sending = sendMail({ dialer }, mailTo(tarpit.port));
    await until(() => tarpit.connections() === 1);
    dialer.close();
    expect(await sending).toMatchObject({ ok: false, isFinal: false });
    await until(() => tarpit.connections() === 0);
    await tarpit.close();
  });
});
