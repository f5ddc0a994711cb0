import { checkReceiver, providers, signRequest, verify } from "@holdfast/verify";
import { describe, expect, it } from "vitest";
import { openSampleSetup, sampleSourceName, toDefinition } from "../../src/cli/sample-setup.ts";
import { findSample, openFresh, samples } from "../../src/cli/samples/all-samples.ts";
import { checkDefinitionInput } from "../../src/config/check-definition-input.ts";
import { testFolder } from "../support/folder.ts";

// Without an id of the provider's own there is nothing to name the event by.
const withoutId = providers.filter(({ identity }) => identity === "none").map(({ slug }) => slug);

it("has samples of twenty providers or more, each in the table and signed with a secret", () => {
  const signing = providers.filter(({ receiverFields }) => receiverFields.includes("secrets")).map(({ slug }) => slug);
  const sampled = samples.map(({ provider }) => provider);
  expect(sampled.filter((provider) => !signing.includes(provider))).toEqual([]);
  // One provider may sign in two ways, and two entries stand for schemes that many senders share.
  const single = sampled.filter((provider) => !["gitlab-signing", "standard-webhooks"].includes(provider));
  expect(new Set(single).size).toBeGreaterThanOrEqual(20);
});

it("makes sample sources that the gateway accepts, the same at every start", async () => {
  const folder = testFolder();
  const setup = await openSampleSetup(folder);
  const definition = toDefinition(setup, "http://127.0.0.1:4402");
  expect(checkDefinitionInput({ ...definition }, ["127.0.0.0/8"]).faults).toEqual([]);
  expect(await openSampleSetup(folder)).toEqual(setup);
  expect(new Set(Object.values(setup.secrets)).size).toBe(samples.length);
});

describe.each(samples.map((sample) => [sample.provider, sample] as const))("samples of %s", (provider, sample) => {
  it("verify as genuine, and are named by their event type, also one that nobody has written down", async () => {
    const { sources } = toDefinition(await openSampleSetup(testFolder()), "http://127.0.0.1:4402");
    const { provider: _provider, ...receiver } = sources?.[sampleSourceName(provider)] ?? { provider };
    expect(checkReceiver(provider, receiver)).toEqual([]);
    const now = new Date();
    for (const eventType of [...sample.eventTypes, "invented.type"]) {
      const { headers, body } = sample.build(eventType, openFresh(now));
      const request = { method: "POST", url: "http://127.0.0.1:4400/in/key", headers, body: Buffer.from(body) };
      const signed = { ...request, ...signRequest({ provider, receiver, request, now }) };
      const verdict = verify({ provider, receiver, request: signed, now });
      expect(verdict, eventType).toMatchObject({ ok: true });
      if (!withoutId.includes(provider)) expect(verdict).toMatchObject({ eventId: expect.stringMatching(/.{8}/) });
      if (sample.knows(eventType)) expect(verdict).toMatchObject({ eventType });
    }
  });

  it("are new events each time", () => {
    const [eventType = "x"] = sample.eventTypes;
    const texts = Array.from({ length: 50 }, () => JSON.stringify(sample.build(eventType, openFresh(new Date(0)))));
    expect(new Set(texts).size).toBe(50);
  });
});

it("still makes a body for a provider that has no samples", () => {
  expect(JSON.parse(findSample("unheard-of").build("a.b", openFresh(new Date())).body)).toMatchObject({ type: "a.b" });
});
