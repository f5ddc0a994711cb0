import { describe, expect, test } from "vitest";
import { findProvider, signRequest } from "../src/index.ts";
import { codedSamples } from "./coded-samples.ts";
import { now, samples } from "./samples.ts";

const rows = [...samples, ...codedSamples].map((sample, index) => ({ sample, name: `${sample.provider} ${index}` }));

function made({ provider, headers, body, signer, url }: (typeof rows)[number]["sample"]) {
  const request = { method: "POST", url, headers, body: Buffer.from(body) };
  return signRequest({ provider, receiver: signer, request, now });
}

/** All that is sent, and what is Basic opened. These samples' secrets are spelled alike in a URL, in JSON and as text. */
function sentText({ url, headers, body }: ReturnType<typeof made>): string {
  const values = headers.map(([, value]) => value);
  const opened = values.map((value) => Buffer.from(value.replace(/^Basic /, ""), "base64").toString());
  return [url, ...values, ...opened, Buffer.from(body).toString("latin1")].join("\n");
}

describe("a signed request", () => {
  test.each(rows)("says whether it shows the secret itself: $name", ({ sample }) => {
    const { secrets = [], password } = sample.signer;
    const values = [...secrets.map((secret) => (typeof secret === "string" ? secret : secret.value)), password ?? ""];
    const signed = made(sample);
    const isShown = values.some((value) => value !== "" && sentText(signed).includes(value));
    expect(signed.showsSecret === true).toBe(isShown);
  });

  test("shows it for some of these and not for others", () => {
    const shown = new Set(rows.filter(({ sample }) => made(sample).showsSecret === true).map((r) => r.sample.provider));
    const named = ["gitlab", "postmark", "mailchimp", "azure-event-grid", "figma", "microsoft-graph", "mollie"];
    expect([...shown]).toEqual(expect.arrayContaining(named));
    expect(shown.has("stripe")).toBe(false);
    expect(findProvider("buildkite")?.engine).toBe("credentials");
    expect(shown.has("buildkite")).toBe(false);
  });
});
