import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { verify } from "../src/index.ts";
import type { VerifyInput } from "../src/index.ts";
import { disagreements } from "./disagreements.ts";
import { oracles } from "./oracles.ts";
import { renderOraclesPage } from "./oracles-page.ts";
import { now } from "./samples.ts";
import { sdkOracles } from "./sdk-oracles.ts";

// Should a library change its mind, the test says so, and its row leaves docs/oracles.md.

beforeEach(() => {
  vi.useFakeTimers({ now, toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function theirs(input: VerifyInput): Promise<boolean> {
  const oracle = [...sdkOracles, ...oracles].find(({ provider }) => provider === input.provider);
  if (oracle === undefined) throw new Error(`no library of ${input.provider}`);
  return oracle.accepts(input);
}

describe("a provider's library and this one differ, on purpose", () => {
  test.each(disagreements)("$provider: they $they $what", async ({ they, reason, makes }) => {
    const inputs = makes();
    expect(inputs.length).toBeGreaterThan(0);
    for (const input of inputs) {
      expect(await theirs(input)).toBe(they === "accept");
      expect(verify(input)).toMatchObject(
        they === "refuse" || reason === null ? { ok: they === "refuse" } : { ok: false, reason },
      );
    }
  });
});

test("docs/oracles.md lists every library that is asked, and every difference with its reason", async () => {
  const [root = {}, gateway = {}] = ["../../package.json", "../../gateway/package.json"].map((path) => {
    const text = readFileSync(new URL(path, import.meta.url), "utf8");
    const { devDependencies, dependencies } = JSON.parse(text) as Record<string, Record<string, string> | undefined>;
    return { ...dependencies, ...devDependencies };
  });
  await expect(renderOraclesPage({ ...gateway, ...root })).toMatchFileSnapshot("../../docs/oracles.md");
});
