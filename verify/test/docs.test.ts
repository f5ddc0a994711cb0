import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findProvider, providers } from "../src/index.ts";
import * as verifyLibrary from "../src/index.ts";
import { renderProvidersPage } from "./providers-page.ts";
import { codedSamples } from "./coded-samples.ts";
import { samples } from "./samples.ts";

describe("the table", () => {
  test("is what docs/providers.md says", async () => {
    await expect(renderProvidersPage(providers)).toMatchFileSnapshot("../../docs/providers.md");
  });

  test("has each slug once, finds each by it, and nothing by names that objects have", () => {
    const slugs = providers.map(({ slug }) => slug);
    expect(new Set(slugs).size).toBe(slugs.length);
    for (const provider of providers) expect(findProvider(provider.slug)).toBe(provider);
    for (const slug of ["", "Stripe", "__proto__", "constructor"]) expect(findProvider(slug)).toBeNull();
  });

  test("has a sample for every provider, so that every table test covers it", () => {
    const signing = providers.filter(({ engine }) => engine !== "handshake-only");
    const sampled = [...samples, ...codedSamples].map(({ provider }) => provider);
    expect(new Set(sampled)).toEqual(new Set(signing.map(({ slug }) => slug)));
  });

  test("names headers in lower case, and secrets only where the token itself is sent", () => {
    for (const { securityHeaders, secretHeaders, engine } of providers) {
      for (const header of [...securityHeaders, ...secretHeaders]) expect(header).toBe(header.toLowerCase());
      if (engine === "static-token") expect(secretHeaders.length).toBeGreaterThan(0);
      if (engine === "hmac-template") expect(secretHeaders).toEqual([]);
    }
  });
});

describe("the README", () => {
  test("names the providers of whose events two may be signed in the same words", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const [, named = ""] = /signed in the same words \(([^)]+)\)/.exec(readme) ?? [];
    const folder = new URL("../src/providers/", import.meta.url);
    const unsure = providers.filter(({ slug }) =>
      readFileSync(new URL(`${slug}.ts`, folder), "utf8").includes("contentIsUnique:"),
    );
    expect(unsure).not.toEqual([]);
    expect(providers.filter(({ name }) => named.includes(name))).toEqual(unsure);
  });

  test("has an example that does what it says", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    const example = /```js\n(.*?)```/s.exec(readme)?.[1] ?? "";
    expect(example).toContain("verify(");
    const body = example.replace(/^import .*$/m, "").replaceAll("console.log(", "said.push(");
    const said: unknown[] = [];
    // The example is run as a reader would run it, with the library and a console of ours.
    const run = new Function("said", ...Object.keys(verifyLibrary), body);
    run(said, ...Object.values(verifyLibrary));
    expect(said).toEqual([
      "invoice.paid",
      "evt_1",
      "signature_mismatch",
      expect.stringContaining("none of the 1 live secret"),
    ]);
  });
});
