import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import picocolors from "picocolors";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { readDeliverySecret, signDelivery } from "../../src/platform/delivery-signature.ts";
import { listen } from "../../src/cli/commands/listen.ts";
import type { Keyboard } from "../../src/cli/keyboard.ts";
import { openKeyboard } from "../../src/cli/keyboard.ts";
import { drawTable } from "../../src/cli/listen-table.ts";
import type { Shell } from "../../src/cli/shell.ts";
import type { AdminGateway } from "../support/admin-gateway.ts";
import { startAdminGateway } from "../support/admin-gateway.ts";
import { runCli, startCli } from "../support/cli.ts";
import { until } from "../support/embedded.ts";
import { testFolder } from "../support/folder.ts";
import { recordOne } from "../support/recorded-events.ts";

let gateway: AdminGateway;

beforeAll(async () => {
  gateway = await startAdminGateway();
  await gateway.call("POST", "/sources", {
    name: "one",
    provider: "stripe",
    secrets: ["whsec_a-secret-of-enough-length-01"],
  });
});
afterAll(() => gateway.close());

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A service on this machine, and when the first event has come. */
async function startService(answer: (response: ServerResponse) => void = (response) => response.writeHead(204).end()) {
  const got: Got[] = [];
  let onFirst: () => void = () => {};
  const first = new Promise<void>((resolve) => (onFirst = resolve));
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      got.push({ headers: request.headers, body: Buffer.concat(chunks) });
      answer(response);
      onFirst();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`, got, first };
}

/** Where nobody listens; of the ports that are given to whoever asks for any, somebody may get the one that was just free. */
const CLOSED_URL = "http://127.0.0.1:9";

const environment = (home: string) => ({
  HOME: home,
  HOLDFAST_ADMIN_URL: gateway.url,
  HOLDFAST_ADMIN_TOKEN: gateway.key,
});

let made = 0;
const record = () =>
  recordOne(gateway.db, {
    sourceId: gateway.catalog().sources[0]!.id,
    destinationIds: [],
    providerId: `evt_${++made}`,
    type: "invoice.paid",
  });

/** Records events until the command has ended: what came before it listened is not told. */
async function recordUntil(ended: Promise<unknown>): Promise<void> {
  const recorded: Promise<unknown>[] = [];
  const timer = setInterval(() => recorded.push(record()), 300);
  try {
    await ended;
  } finally {
    clearInterval(timer);
    await Promise.all(recorded);
  }
}

/** A shell of this process: what is said in it, and its Ctrl-C without a terminal. */
function openShell() {
  const home = testFolder();
  const printed: string[] = [];
  const noted: string[] = [];
  let onStop: () => void = () => {};
  const shell: Shell = {
    env: environment(home),
    cwd: home,
    paint: picocolors.createColors(false),
    print: (line) => void printed.push(line),
    write: (bytes) => void printed.push(Buffer.from(bytes).toString()),
    note: (line) => void noted.push(line),
    readInput: async () => ({ ok: true, text: "" }),
    onStop: (stop) => (onStop = stop),
    onRestart: () => {},
    onBrokenOutput: () => {},
  };
  return { shell, printed, noted, stop: () => onStop() };
}

/** A terminal whose keys the test presses. */
function openTerminal() {
  const rawModes: boolean[] = [];
  const stdin = new PassThrough();
  const input = Object.assign(stdin, { isTTY: true, setRawMode: (mode: boolean) => void rawModes.push(mode) });
  const output = { isTTY: true, columns: 80, rows: 24 };
  const open = (): Keyboard | null => openKeyboard({ stdin: input, stdout: output } as unknown as NodeJS.Process);
  return { open, rawModes, press: (keys: string) => void stdin.write(keys) };
}

describe("listen", () => {
  it("forwards new events signed with the same secret at every start, and ends with 0 when the awaited type was delivered", async () => {
    await record();
    const service = await startService();
    const cwd = testFolder();
    const secrets: string[] = [];
    for (let i = 0; i < 2; i++) {
      const args = ["listen", "--forward", service.url, "--until-type", "invoice.paid", "--timeout", "20"];
      const running = startCli(args, { cwd, env: environment(cwd) });
      await recordUntil(running.ended);
      const { code, stderr } = await running.ended;
      expect([code, stderr]).toEqual([0, stderr]);
      secrets.push(/whsec_\S+/.exec(stderr)![0]);
    }
    expect(secrets[1]).toBe(secrets[0]);
    expect(readDeliverySecret(secrets[0]!)).not.toBeNull();
    const { headers, body } = service.got[0]!;
    expect(headers).toMatchObject({ "holdfast-source": "one", "holdfast-attempt": "1", "holdfast-trigger": "live" });
    const timestampSec = Number(headers["webhook-timestamp"]);
    const id = String(headers["webhook-id"]);
    expect(headers).toMatchObject(signDelivery({ secrets: [secrets[0]!], id, timestampSec, body })!);
  });

  it("ends with 1 when the awaited type did not come in time, and with 2 for a URL of another machine", async () => {
    const cwd = testFolder();
    const waiting = startCli(["listen", "--until-type", "never.comes", "--timeout", "1"], {
      cwd,
      env: environment(cwd),
    });
    expect((await waiting.ended).code).toBe(1);
    const elsewhere = startCli(["listen", "--forward", "https://example.com/"], { cwd, env: environment(cwd) });
    expect(await elsewhere.ended).toMatchObject({ code: 2, stderr: expect.stringContaining("--forward must be") });
  });
});

describe("without a terminal", () => {
  const noTerminal = (): null => null;

  it("ends with 1, as any command does, when no gateway answers", async () => {
    const cwd = testFolder();
    const env = { ...environment(cwd), HOLDFAST_ADMIN_URL: CLOSED_URL };
    const { code, stderr } = await runCli(["listen", "--json"], { cwd, env });
    expect([code, JSON.parse(stderr)]).toMatchObject([
      1,
      { error: { problem: expect.stringMatching(/^no gateway answers at/) } },
    ]);
  });

  it("tells the end of --timeout as JSON where that was asked for", async () => {
    const cwd = testFolder();
    const args = ["listen", "--json", "--until-type", "never.comes", "--timeout", "0.5"];
    const { code, stderr } = await runCli(args, { cwd, env: environment(cwd) });
    const problem = "no event of type never.comes was delivered in time";
    expect([code, JSON.parse(stderr)]).toEqual([1, { error: { problem, remedy: null } }]);
  });

  it("stands by what ended it first: an answer that comes after Ctrl-C makes it no success", async () => {
    const held: ServerResponse[] = [];
    const service = await startService((response) => void held.push(response));
    const { shell, noted, stop } = openShell();
    const ended = listen(shell, { forward: service.url, untilType: "invoice.paid" }, noTerminal);
    await recordUntil(service.first);
    stop();
    for (const response of held) response.writeHead(204).end();
    expect(await ended).toBe(1);
    expect(noted.at(-1)).toBe("error: stopped before an event of type invoice.paid was delivered");
  });

  it("says with --quiet what was answered 500, and nothing else", async () => {
    const service = await startService((response) => response.writeHead(500).end("no such table"));
    const { shell, printed, noted, stop } = openShell();
    const ended = listen(shell, { forward: service.url, quiet: true }, noTerminal);
    await recordUntil(until(() => noted.length > 0));
    stop();
    expect(await ended).toBe(0);
    expect(noted[0]).toMatch(/ 500 .*invoice\.paid .*evt_.* no such table$/);
    expect(printed).toEqual([]);
  });
});

describe("the signing secret", () => {
  it("of HOLDFAST_LISTEN_SECRET is taken or refused, and never left aside in silence", async () => {
    const service = await startService();
    const { shell, noted, stop } = openShell();
    const given = (secret: string): Shell => ({ ...shell, env: { ...shell.env, HOLDFAST_LISTEN_SECRET: secret } });
    const flags = { forward: service.url };
    expect(await listen(given("a-secret"), flags, () => null)).toBe(2);
    expect(noted.splice(0)[0]).toBe(
      "error: HOLDFAST_LISTEN_SECRET is no signing secret: whsec_ and 24 to 64 bytes in base64",
    );
    const secret = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
    const ended = listen(given(secret), flags, () => null);
    await until(() => noted.some((line) => line.endsWith(secret)));
    stop();
    expect(await ended).toBe(0);
  });

  it("is made for --forward alone; where it cannot be kept, that is said", async () => {
    const service = await startService();
    const { shell, noted, stop } = openShell();
    // A file where the folder would be made: nobody can write there, not even root.
    const occupied = join(shell.cwd, "occupied");
    writeFileSync(occupied, "");
    const homeless: Shell = { ...shell, env: { ...shell.env, XDG_CONFIG_HOME: occupied } };
    expect(await listen(homeless, { forward: service.url }, () => null)).toBe(1);
    expect(noted.splice(0).join("\n")).toMatch(/cannot be kept in .*listen\.secret \(ENOTDIR.*HOLDFAST_LISTEN_SECRET/s);
    const ended = listen(homeless, {}, () => null);
    await until(() => noted.includes("listening to every source"));
    stop();
    expect(await ended).toBe(0);
  });
});

describe("a person at a terminal", () => {
  it("leaves by Ctrl-C, with a filter open and an event on its way to a service that does not answer", async () => {
    const service = await startService(() => {});
    const terminal = openTerminal();
    const { shell, printed } = openShell();
    const ended = listen(shell, { forward: service.url }, terminal.open);
    await recordUntil(service.first);
    terminal.press("/inv");
    await expect.poll(() => printed.join("")).toContain("/inv_");
    terminal.press("\u0003");
    expect(await ended).toBe(0);
    expect(terminal.rawModes).toEqual([true, false]);
  });

  it("gets the terminal back as it was when a flag is wrong", async () => {
    const terminal = openTerminal();
    const { shell, noted } = openShell();
    expect(await listen(shell, { forward: "https://example.com/" }, terminal.open)).toBe(2);
    expect(noted).toEqual([expect.stringContaining("--forward must be")]);
    expect(terminal.rawModes).toEqual([]);
  });
});

describe("the table", () => {
  const plain = (text: string | number | null | undefined): string => String(text);
  const paint = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain };
  const heard = (id: string, eventType: string) => ({
    event: { id, source: "one", eventType, providerEventId: null, receivedAt: "2026-11-21T10:00:00.000Z" },
    attempts: 1,
    result: { status: 200, detail: "", durationMs: 3 },
  });

  it("keeps the chosen row in sight, shows what fits the filter alone, and is never wider than the terminal", () => {
    const all = [
      ...Array.from({ length: 30 }, (_, i) => heard(`evt_${i}`, "invoice.paid")),
      heard("evt_x", "charge.failed"),
    ];
    const size = { columns: 60, rows: 12 };
    const lines = drawTable(all, { selected: 30, filter: "", typing: false, note: "" }, paint, size);
    expect(lines.find((line) => line.startsWith(">"))).toContain("charge.failed");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
    const filtered = drawTable(all, { selected: 0, filter: "charge", typing: true, note: "" }, paint, size);
    expect(filtered.filter((line) => line.includes("invoice.paid"))).toEqual([]);
    expect(filtered).toContain("/charge_");
  });
});
