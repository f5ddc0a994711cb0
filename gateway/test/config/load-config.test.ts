import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeFault } from "../../src/config/config-fault.ts";
import { OWN_CONNECTIONS, countConnections } from "../../src/config/connections.ts";
import type { Setting } from "../../src/config/setting.ts";
import { SETTING_PATHS, SETTINGS } from "../../src/config/settings.ts";
import { FOLDER_VARIABLE } from "../../src/config/variables-of-many.ts";
import { type ConfigPlaces, type GatewayConfig, loadConfig } from "../../src/config.ts";
import { SETTLE_LANES } from "../../src/engine/settler.ts";

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "holdfast-config-"));
});
afterEach(async () => {
  await rm(cwd, { recursive: true });
});

function load(places: Partial<ConfigPlaces> = {}) {
  return loadConfig({ flags: {}, env: {}, cwd, ...places });
}

async function config(places: Partial<ConfigPlaces> = {}): Promise<GatewayConfig> {
  const loaded = await load(places);
  if (!loaded.ok) throw new Error(loaded.faults.map(describeFault).join("\n"));
  return loaded.config;
}

async function faults(places: Partial<ConfigPlaces> = {}): Promise<string[]> {
  const loaded = await load(places);
  return loaded.ok ? [] : loaded.faults.map(describeFault);
}

const stripe = { provider: "stripe", secrets: ["whsec_0123456789abcdefghijklmnopqrst"] };

describe("where a value comes from", () => {
  it("takes flags over variables over the file over the defaults", async () => {
    const env = { HOLDFAST_PORT: "1002", HOLDFAST_ADMIN_PORT: "2002" };
    const content = { port: 1003, adminPort: 2003, host: "10.0.0.3" };
    const read = await config({ flags: { port: "1001" }, env, content });
    expect([read.port, read.adminPort, read.host, read.adminHost]).toEqual([1001, 2002, "10.0.0.3", "127.0.0.1"]);
  });

  it("gives a whole configuration without a file, a flag or a variable", async () => {
    const read = await config();
    expect(read).toMatchObject({
      dataDir: join(cwd, ".holdfast"),
      databaseUrl: null,
      definition: null,
      tenant: "default",
    });
    expect(read.worker).toEqual({ concurrency: 64, leaseMs: 90_000, pollMs: 500, databaseConnections: 6 });
  });

  it("counts an empty variable as not set", async () => {
    expect((await config({ env: { HOLDFAST_PORT: "", DATABASE_URL: "" } })).port).toBe(4400);
  });

  it("lets a command stand in for a default, below everything that is given", async () => {
    const defaults = { "egress.allowCidrs": ["127.0.0.0/8"], logLevel: "warn" } as const;
    const read = await config({ defaults, content: { logLevel: "debug" } });
    expect([read.egress.allowCidrs, read.logLevel]).toEqual([["127.0.0.0/8"], "debug"]);
  });

  it("reads every setting from its variable, and every default is a value that it would accept", () => {
    for (const path of SETTING_PATHS) {
      const { fallback, read }: Setting<unknown> = SETTINGS[path];
      if (fallback === null) continue;
      expect(read(fallback), path).toEqual({ ok: true, value: fallback });
      const example = path === "egress.allowCidrs" ? "10.0.0.0/8" : "example.com";
      const given = Array.isArray(fallback) && fallback.length === 0 ? example : String(fallback);
      expect(read(given), path).toMatchObject({ ok: true });
    }
  });

  it("reads a relative folder from where it was written: the file's folder, or where the command runs", async () => {
    await writeFile(join(cwd, "holdfast.config.mjs"), `export default { dataDir: "data" }`);
    const named = join(cwd, "holdfast.config.mjs");
    expect((await config({ cwd: "/", file: named })).dataDir).toBe(join(cwd, "data"));
    expect((await config({ cwd: "/", file: named, flags: { "data-dir": "other" } })).dataDir).toBe("/other");
  });
});

describe("secrets from files", () => {
  it("reads DATABASE_URL from the file that DATABASE_URL_FILE names, without its line end", async () => {
    const file = join(cwd, "url");
    await writeFile(file, "postgres://u:p@localhost/db\n");
    expect((await config({ env: { DATABASE_URL_FILE: file } })).databaseUrl).toBe("postgres://u:p@localhost/db");
  });

  it("refuses the variable and its file at once, a file that is not there, and an empty one", async () => {
    const empty = join(cwd, "empty");
    await writeFile(empty, "\n");
    const both = { DATABASE_URL: "postgres://localhost/db", DATABASE_URL_FILE: empty };
    expect(await faults({ env: both })).toEqual(["DATABASE_URL_FILE and DATABASE_URL are both set; keep one of them"]);
    expect(await faults({ env: { DATABASE_URL_FILE: join(cwd, "nowhere") } })).toEqual([
      expect.stringContaining("ENOENT"),
    ]);
    expect(await faults({ env: { DATABASE_URL_FILE: empty } })).toEqual([expect.stringContaining("which is empty")]);
  });

  it("never repeats a connection string in a fault", async () => {
    const told = await faults({ env: { DATABASE_URL: "mysql://root:hunter2@localhost/db" } });
    expect(told).toEqual(["DATABASE_URL must begin with postgres:// or postgresql://"]);
  });
});

describe("every fault at once", () => {
  it("names the flag, the variable or the path of each of many mistakes", async () => {
    const told = await faults({
      flags: { port: "many" },
      env: { HOLDFAST_LOG_LEVEL: "loud" },
      content: {
        worker: { concurency: 5 },
        sources: { stripe: { provider: "strpe" } },
        destinations: { app: { url: "http://10.0.0.1/" }, local: { handler: "missing" } },
        routes: [{ source: "stripes", destination: "app" }],
      },
    });
    const expected = [
      /^--port must be a whole number/,
      /^HOLDFAST_LOG_LEVEL must be one of/,
      /^worker\.concurency is not known; did you mean concurrency\?$/,
      /^destinations\.local\.handler names no function/,
      /^sources\.stripe\.provider /,
      /^destinations\.app\.url /,
      /^routes\[0\]\.source .*did you mean stripe/,
    ];
    expect(told).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
  });

  it("refuses what lies just outside of each range, and takes its ends", async () => {
    for (const path of SETTING_PATHS) {
      const { range, read }: Setting<unknown> = SETTINGS[path];
      const bounds = /^(\d+) to (\d+)$/.exec(range);
      if (bounds === null) continue;
      const [min, max] = [Number(bounds[1]), Number(bounds[2])];
      for (const good of [min, max, String(min)]) expect(read(good), path).toMatchObject({ ok: true });
      for (const bad of [min - 1, max + 1, min + 0.5, "", "0x10", "1e3", " 5", null, NaN])
        expect(read(bad), `${path} ${bad}`).toMatchObject({ ok: false });
    }
  });

  it("refuses addresses, networks, URLs and roles that are none", async () => {
    expect(await faults({ flags: { host: "http://x" } })).toHaveLength(1);
    expect(await faults({ flags: { role: "ingest,wroker" } })).toEqual([expect.stringContaining('"wroker"')]);
    expect(await faults({ content: { roles: [] } })).toEqual(["roles is empty; a gateway needs at least one role"]);
    expect(await faults({ content: { publicUrl: "https://a.example/?x=1" } })).toHaveLength(1);
    for (const network of ["10.0.0.0/33", "nonsense", "::1/129", "10.0.0.0/8/8"]) {
      expect(await faults({ env: { HOLDFAST_EGRESS_ALLOW_CIDRS: network } }), network).toHaveLength(1);
    }
  });

  it("warns of a HOLDFAST variable that nothing reads, with the one that was meant", async () => {
    const loaded = await load({ env: { HOLDFAST_DATADIR: "x", HOME: "/" } });
    expect(loaded).toMatchObject({ ok: true, warnings: [expect.stringContaining("did you mean HOLDFAST_DATA_DIR?")] });
  });
});

describe("rules that no single value can break", () => {
  it("refuses a lease that an attempt may outlast, also when something else is wrong with the file (F42)", async () => {
    const destinations = { slow: { url: "https://a.example/", timeoutMs: 60_000 } };
    expect(await faults({ content: { destinations, worker: { leaseMs: 75_000 } } })).toEqual([
      "worker.leaseMs is 75000 and must be more than 75000: destinations.slow.timeoutMs (60000) and 15000 to settle",
    ]);
    expect(await faults({ content: { destinations, worker: { leaseMs: 75_001 } } })).toEqual([]);
    expect(
      await faults({ content: { destinations: { ...destinations, x: {} }, worker: { leaseMs: 75_000 } } }),
    ).toHaveLength(2);
  });

  it("refuses one port for two doors, unless they are on different addresses or free ones", async () => {
    expect(await faults({ flags: { port: "7000", "admin-port": "7000" } })).toHaveLength(1);
    expect(await faults({ flags: { port: "7000", "admin-port": "7000", host: "0.0.0.0" } })).toHaveLength(1);
    expect(await faults({ flags: { port: "7000", "admin-port": "7000", role: "admin" } })).toEqual([]);
    expect(await faults({ flags: { port: "0", "admin-port": "0" } })).toEqual([]);
  });

  it("refuses two secret keys at once, and more connections than the embedded database has", async () => {
    expect(await faults({ env: { HOLDFAST_SECRET_KEY: "a", HOLDFAST_SECRET_KEY_FILE: "b" } })).toHaveLength(1);
    const content = { worker: { databaseConnections: 60 } };
    expect(await faults({ content })).toHaveLength(1);
    expect(await faults({ content, env: { DATABASE_URL: "postgres://localhost/db" } })).toEqual([]);
    // 15 of the process's own, 4 of admin and 2 of ingest leave 34 of 55 to the worker.
    const most = { worker: { databaseConnections: 34 } };
    expect(await faults({ content: most })).toEqual([]);
    expect(await faults({ content: { worker: { databaseConnections: 35 } } })).toHaveLength(1);
    expect(await faults({ content: most, flags: { role: "worker,admin" } })).toEqual([]);
  });

  it("holds a process of many to what the embedded database has, whose address it is given", async () => {
    const env = { DATABASE_URL: "postgres://localhost/db", [FOLDER_VARIABLE]: "/data" };
    expect(await faults({ content: { worker: { databaseConnections: 34 } }, env })).toEqual([]);
    expect(await faults({ content: { worker: { databaseConnections: 35 } }, env })).toEqual([
      expect.stringContaining("the embedded database has room for 55"),
    ]);
  });

  it("counts the connections that a process opens, and the pages on operation say the same number", async () => {
    const read = await config({});
    const withHandlers = { ...read, handlers: { ledger: () => {} } };
    const counts = `${countConnections(read)} database connections, ${countConnections(withHandlers)} with handlers`;
    expect(OWN_CONNECTIONS.settler).toBe(SETTLE_LANES);
    for (const name of ["processes", "database"]) {
      const page = await readFile(new URL(`../../../docs/operate/${name}.md`, import.meta.url), "utf8");
      expect([name, page.replaceAll(/\s+/g, " ").includes(counts)]).toEqual([name, true]);
    }
  });
});

describe("handlers", () => {
  const handler = () => {};

  it("names a function after its destination, and keeps the ones that have a name", async () => {
    const destinations = { ledger: { handler }, audit: { handler: "shared" } };
    const read = await config({ content: { sources: { stripe }, destinations, handlers: { shared: handler } } });
    expect(read.definition?.destinations).toMatchObject({
      ledger: { handler: "ledger" },
      audit: { handler: "shared" },
    });
    expect(Object.keys(read.handlers).toSorted()).toEqual(["ledger", "shared"]);
  });

  it("refuses a name without a function, a handler that is none, and two functions of one name", async () => {
    expect(
      await faults({ content: { destinations: { a: { handler: "shard" } }, handlers: { shared: handler } } }),
    ).toEqual(["destinations.a.handler names no function of handlers; did you mean shared?"]);
    expect(await faults({ content: { handlers: { a: 5 } } })).toEqual([
      "handlers.a must be a function (event, tx) => …",
    ]);
    const two = { destinations: { a: { handler } }, handlers: { a: () => {} } };
    expect(await faults({ content: two })).toEqual([expect.stringContaining("is another function than handlers.a")]);
  });
});
