import { chmodSync, chownSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { prepareClusterFolder } from "../../src/store/embedded/cluster-folder.ts";
import { testFolder } from "../support/folder.ts";

/** Whom an ordinary start ran as, and whom root would run a new server as: any two that are not root. */
const [OWNER, SUBSTITUTE] = [1_001, 1_002];

// Others may not change who owns a file.
describe.runIf(process.getuid?.() === 0)("as root, beside a database that is there already", () => {
  function keptBelow(mode: number, ownerOfAbove: number) {
    const folder = testFolder();
    chmodSync(folder, 0o755);
    const above = join(folder, "home");
    const dataDir = join(above, "data");
    const pgdata = join(dataDir, "postgres");
    mkdirSync(pgdata, { recursive: true });
    for (const one of [dataDir, pgdata]) chownSync(one, OWNER, OWNER);
    chownSync(above, ownerOfAbove, ownerOfAbove);
    chmodSync(above, mode);
    const user = { ok: true, drop: { uid: SUBSTITUTE, gid: SUBSTITUTE } } as const;
    return { dataDir, pgdata, options: { dataDir, stateDir: join(folder, "state"), user } };
  }

  test("it is used as the user whose it is, be it below a folder that is closed to others", () => {
    const { dataDir, pgdata, options } = keptBelow(0o700, OWNER);
    expect(prepareClusterFolder(options)).toMatchObject({
      ok: true,
      home: dataDir,
      pgdata,
      user: { drop: { uid: OWNER } },
    });
    expect(existsSync(join(dataDir, "database-folder"))).toBe(false);
  });

  test("which its user cannot reach any more, no empty one is begun elsewhere", () => {
    const { dataDir, pgdata, options } = keptBelow(0o700, 0);
    const fault = prepareClusterFolder(options);
    expect(fault).toMatchObject({ ok: false, code: "data_dir_not_writable" });
    expect(fault).toMatchObject({ message: expect.stringContaining(pgdata), remedy: expect.stringContaining("chmod") });
    expect(existsSync(join(dataDir, "database-folder"))).toBe(false);
  });
});
