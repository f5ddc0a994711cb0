import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, watch, writeFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createSecretsBox, loadMasterKey, type MasterKey, type SecretsKey } from "../../src/platform/secrets-box.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const plain = Buffer.from("whsec_c2VjcmV0");
const key = (id: string): SecretsKey => ({ id, key: randomBytes(32) });

describe("a secrets box", () => {
  test("opens what it sealed, and shows nothing of it when sealed", () => {
    const box = createSecretsBox({ keys: [key("k1")] });
    const sealed = box.seal(plain, "default\0src_1\0v1");
    expect(Buffer.from(sealed).includes(plain.subarray(6))).toBe(false);
    const opened = box.open(sealed, "default\0src_1\0v1");
    expect(opened.ok && text(opened.plain)).toBe(plain.toString());
    expect(box.open(box.seal(new Uint8Array(0), "a"), "a")).toEqual({ ok: true, plain: Buffer.alloc(0) });
  });

  test("never seals the same secret to the same bytes", () => {
    const box = createSecretsBox({ keys: [key("k1")] });
    const sealed = Array.from({ length: 100 }, () => Buffer.from(box.seal(plain, "a")).toString("hex"));
    expect(new Set(sealed).size).toBe(100);
  });

  test("does not open a secret that was moved to another tenant, source or version", () => {
    const box = createSecretsBox({ keys: [key("k1")] });
    const sealed = box.seal(plain, "default\0src_1\0v1");
    for (const elsewhere of ["other\0src_1\0v1", "default\0src_2\0v1", "default\0src_1\0v2", "default\0src_1\0v1 ", ""])
      expect(box.open(sealed, elsewhere)).toEqual({ ok: false, reason: "not_authentic" });
  });

  test("does not open a secret with any one bit changed or any part cut off", () => {
    const box = createSecretsBox({ keys: [key("k1")] });
    const sealed = Buffer.from(box.seal(plain, "a"));
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(box.open(changed, "a").ok).toBe(false);
    }
    for (let length = 0; length < sealed.length; length += 1)
      expect(box.open(sealed.subarray(0, length), "a").ok).toBe(false);
    expect(box.open(Buffer.concat([sealed, Buffer.from([0])]), "a").ok).toBe(false);
    expect(box.open(new Uint8Array(0), "a")).toEqual({ ok: false, reason: "malformed" });
  });

  test("opens with an old key what the old key sealed, and seals with the new one", () => {
    const [old, fresh] = [key("old"), key("fresh")];
    const before = createSecretsBox({ keys: [old] });
    const during = createSecretsBox({ keys: [fresh, old] });
    const after = createSecretsBox({ keys: [fresh] });
    const sealed = before.seal(plain, "a");
    expect(during.open(sealed, "a").ok).toBe(true);
    expect(after.open(sealed, "a")).toEqual({ ok: false, reason: "unknown_key" });
    expect(after.open(during.seal(plain, "a"), "a").ok).toBe(true);
    const impostor = createSecretsBox({ keys: [{ ...fresh, id: "old" }] });
    expect(impostor.open(sealed, "a")).toEqual({ ok: false, reason: "not_authentic" });
  });

  test("does not open a secret whose note of its key was changed, even to another name of the same key", () => {
    const one = key("k1");
    const box = createSecretsBox({ keys: [one, { ...one, id: "k2" }] });
    const sealed = Buffer.from(box.seal(plain, "a"));
    sealed.write("k2", 2, "latin1");
    expect(box.open(sealed, "a")).toEqual({ ok: false, reason: "not_authentic" });
  });

  test("is not made from keys that cannot work", () => {
    expect(() => createSecretsBox({ keys: [] })).toThrow("at least one key");
    expect(() => createSecretsBox({ keys: [key("a"), key("a")] })).toThrow("same id");
    expect(() => createSecretsBox({ keys: [{ id: "a", key: randomBytes(31) }] })).toThrow("31 bytes instead of 32");
    expect(() => createSecretsBox({ keys: [key("")] })).toThrow("1 to 32");
  });
});

describe("the master key", () => {
  let folder = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-key-"));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const fresh = (): string => randomBytes(32).toString("base64");
  const bytes = (master: MasterKey): string[] =>
    master.ok ? master.keys.map((one) => Buffer.from(one.key).toString("base64")) : [];

  test("comes from the environment's value, several at once with the sealing one first", async () => {
    const [one, two] = [fresh(), fresh()];
    const master = await loadMasterKey({ value: `${one},${two}\n`, dataDir: folder });
    expect(master).toMatchObject({ ok: true, origin: "environment" });
    expect(bytes(master)).toEqual([one, two]);
    expect(await readdir(folder)).toEqual([]);
    const again = await loadMasterKey({ value: two, dataDir: null });
    expect(master.ok && again.ok && master.keys[1]?.id === again.keys[0]?.id).toBe(true);
  });

  test("comes from a file, also through a link as orchestrators mount it", async () => {
    const one = fresh();
    await writeFile(join(folder, "data"), `${one}\n`, { mode: 0o440 });
    await symlink(join(folder, "data"), join(folder, "key"));
    const master = await loadMasterKey({ file: join(folder, "key"), dataDir: null });
    expect(master).toMatchObject({ ok: true, origin: "file" });
    expect(bytes(master)).toEqual([one]);
  });

  test("is made once in the data folder, for its owner alone, and stays", async () => {
    const dataDir = join(folder, "data");
    const made = await loadMasterKey({ dataDir });
    expect(made).toMatchObject({ ok: true, origin: "generated" });
    expect((await stat(join(dataDir, "secret.key"))).mode & 0o777).toBe(0o600);
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
    const found = await loadMasterKey({ dataDir });
    expect(found).toMatchObject({ ok: true, origin: "data_folder" });
    expect(bytes(found)).toEqual(bytes(made));
    expect(await readdir(dataDir)).toEqual(["secret.key"]);
  });

  test("is one and the same for processes that start at once", async () => {
    const masters = await Promise.all(Array.from({ length: 16 }, () => loadMasterKey({ dataDir: folder })));
    expect(new Set(masters.flatMap(bytes)).size).toBe(1);
    expect(await readdir(folder)).toEqual(["secret.key"]);
  });

  test("is never replaced when another process was faster by a moment", async () => {
    for (let round = 0; round < 20; round += 1) {
      const dataDir = join(folder, `data-${round}`);
      mkdirSync(dataDir);
      const path = join(dataDir, "secret.key");
      const other = fresh();
      const ready = join(folder, `other-${round}`);
      writeFileSync(ready, other, { mode: 0o600 });
      let wasFaster = false;
      // The draft has appeared, so the file was found to be missing and a key is being made.
      const watcher = watch(dataDir, () => {
        watcher.close();
        try {
          linkSync(ready, path);
          wasFaster = true;
        } catch {
          // This time it was not faster.
        }
      });
      const master = await loadMasterKey({ dataDir });
      watcher.close();
      const kept = (await readFile(path, "utf8")).trim();
      expect(bytes(master)).toEqual([kept]);
      if (wasFaster) expect(kept).toBe(other);
    }
  });

  test("is not made anew over one that cannot be read", async () => {
    await mkdir(join(folder, "secret.key"));
    const master = await loadMasterKey({ dataDir: folder });
    expect(master).toMatchObject({ ok: false, fault: expect.stringContaining("secret.key") });
    expect((await stat(join(folder, "secret.key"))).isDirectory()).toBe(true);
  });

  test.each([
    ["empty", "", "is empty"],
    ["white space", " \n", "is empty"],
    ["no base64", "not base64!", "is not base64"],
    ["unpadded", randomBytes(32).toString("base64url"), "is not base64"],
    ["16 bytes", randomBytes(16).toString("base64"), "16 bytes instead of 32"],
    ["33 bytes", randomBytes(33).toString("base64"), "33 bytes instead of 32"],
    ["zeros", Buffer.alloc(32).toString("base64"), "is not random"],
    ["a repeated pattern", Buffer.from("deadbeef".repeat(8), "hex").toString("base64"), "is not random"],
    ["a pass phrase", Buffer.from("correct horse battery staple!?-#").toString("base64"), "is text"],
    ["hex of a key", randomBytes(32).toString("hex"), "bytes instead of 32"],
  ])("is refused when it is %s, without being shown", async (_name, value, fault) => {
    const master = await loadMasterKey({ value, dataDir: null });
    expect(master).toMatchObject({ ok: false, fault: expect.stringContaining(fault) });
    if (value.trim() !== "") expect(JSON.stringify(master)).not.toContain(value);
  });

  test("is refused when given twice or nowhere (F104)", async () => {
    const one = fresh();
    expect(await loadMasterKey({ value: one, file: "x", dataDir: null })).toMatchObject({
      ok: false,
      fault: expect.stringContaining("both set"),
    });
    expect(await loadMasterKey({ value: `${one} ${one}`, dataDir: null })).toMatchObject({
      ok: false,
      fault: expect.stringContaining("twice"),
    });
    const many = Array.from({ length: 9 }, fresh).join(",");
    expect(await loadMasterKey({ value: many, dataDir: null })).toMatchObject({
      ok: false,
      fault: expect.stringContaining("more than 8"),
    });
    expect(await loadMasterKey({ dataDir: null })).toMatchObject({
      ok: false,
      fault: expect.stringContaining("openssl rand -base64 32"),
    });
  });

  test("is refused from a file that others can use, is missing, or is no key (F104)", async () => {
    const path = join(folder, "key");
    await writeFile(path, fresh());
    for (const mode of [0o644, 0o604, 0o602, 0o601]) {
      await chmod(path, mode);
      const master = await loadMasterKey({ file: path, dataDir: null });
      expect(master).toMatchObject({ ok: false, fault: expect.stringContaining(`mode 0${mode.toString(8)}`) });
    }
    expect(await loadMasterKey({ file: join(folder, "none"), dataDir: null })).toMatchObject({
      ok: false,
      fault: expect.stringContaining("ENOENT"),
    });
    await writeFile(join(folder, "big"), "x".repeat(5_000), { mode: 0o600 });
    expect(await loadMasterKey({ file: join(folder, "big"), dataDir: null })).toMatchObject({
      ok: false,
      fault: expect.stringContaining("is no key"),
    });
    await writeFile(join(folder, "secret.key"), fresh(), { mode: 0o640 });
    expect(await loadMasterKey({ dataDir: folder })).toMatchObject({
      ok: false,
      fault: expect.stringContaining("chmod 600"),
    });
    expect(await readFile(join(folder, "secret.key"), "utf8")).not.toBe("");
  });
});
