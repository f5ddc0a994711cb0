// Three ways to judge the same signed requests: the bare HMAC that nobody can do without, Holdfast, the provider's own library.
import { createHmac, timingSafeEqual } from "node:crypto";
import { verify } from "@holdfast/verify";
import { verify as verifyWithOctokit } from "@octokit/webhooks-methods";
import { Webhook } from "standardwebhooks";
import { Stripe } from "stripe";
import { eventBody, eventId, seededRandom, signatureHeader } from "../stripe-event.mjs";

const REQUESTS = 64;
const SECRETS = {
  stripe: "whsec_bench0123456789abcdefghijklmnopqrstuv",
  github: "bench-0123456789abcdefghijklmnop",
  "standard-webhooks": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
};

/**
 * The contenders of each provider, each with `pass()`: one pass over its 64 requests, which answers how many were accepted.
 *
 * @param {Date} now the clock; the libraries that look at one of their own must see the same minute
 */
export function makeContenders(now) {
  return { stripe: makeStripe(now), github: makeGithub(now), "standard-webhooks": makeStandard(now) };
}

/** How many requests one pass judges. */
export const requestsPerPass = REQUESTS;

function makeStripe(now) {
  const secret = SECRETS.stripe;
  const timeSec = Math.floor(now.getTime() / 1000);
  const requests = makeBodies(timeSec).map((body) => {
    const header = signatureHeader(secret, body, timeSec);
    return {
      body,
      header,
      signature: Buffer.from(header.split("v1=")[1], "hex"),
      request: asRequest(body, [["Stripe-Signature", header]]),
    };
  });
  const webhooks = new Stripe("sk_test_bench").webhooks;
  return {
    floor: overAll(requests, ({ body, signature }) => isGenuine(secret, `${timeSec}.`, body, signature)),
    holdfast: byHoldfast("stripe", secret, requests, now),
    sdk: overAll(requests, ({ body, header }) => webhooks.constructEvent(body, header, secret).object === "event"),
    sdkName: "stripe",
  };
}

function makeGithub(now) {
  const secret = SECRETS.github;
  const requests = makeBodies(Math.floor(now.getTime() / 1000)).map((body, number) => {
    const signature = createHmac("sha256", secret).update(body).digest();
    const header = `sha256=${signature.toString("hex")}`;
    const id = `72d3162e-cc78-11e3-81ab-${String(number).padStart(12, "0")}`;
    const added = [
      ["X-GitHub-Event", "issues"],
      ["X-GitHub-Delivery", id],
      ["X-Hub-Signature-256", header],
    ];
    return { body, header, signature, request: asRequest(body, added) };
  });
  return {
    floor: overAll(requests, ({ body, signature }) => isGenuine(secret, null, body, signature)),
    holdfast: byHoldfast("github", secret, requests, now),
    sdk: async () => {
      let accepted = 0;
      for (const { body, header } of requests) {
        if (await verifyWithOctokit(secret, body.toString("utf8"), header)) accepted += 1;
      }
      return accepted;
    },
    sdkName: "@octokit/webhooks-methods",
  };
}

function makeStandard(now) {
  const secret = SECRETS["standard-webhooks"];
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const timeSec = Math.floor(now.getTime() / 1000);
  const requests = makeBodies(timeSec).map((body, number) => {
    const start = `msg_bench${number}.${timeSec}.`;
    const signature = createHmac("sha256", key).update(start).update(body).digest();
    const added = [
      ["webhook-id", `msg_bench${number}`],
      ["webhook-timestamp", `${timeSec}`],
      ["webhook-signature", `v1,${signature.toString("base64")}`],
    ];
    return { body, start, signature, headers: Object.fromEntries(added), request: asRequest(body, added) };
  });
  const webhook = new Webhook(secret);
  return {
    floor: overAll(requests, ({ body, start, signature }) => isGenuine(key, start, body, signature)),
    holdfast: byHoldfast("standard-webhooks", secret, requests, now),
    sdk: overAll(requests, ({ body, headers }) => webhook.verify(body, headers) !== null),
    sdkName: "standardwebhooks",
  };
}

/** Bodies of 1.1 to 1.9 KB, the same in every run but for their time. */
function makeBodies(timeSec) {
  const random = seededRandom(7);
  return Array.from({ length: REQUESTS }, (_, number) =>
    Buffer.from(eventBody(random, eventId("verify", number), timeSec)),
  );
}

/** A request with the headers that a sender and a proxy put around the signature, as pairs, as Node's raw headers are. */
function asRequest(body, added) {
  const headers = [
    ["Host", "hooks.example.com"],
    ["User-Agent", "Example-Webhooks/1.0"],
    ["Content-Length", `${body.length}`],
    ["Accept", "*/*; q=0.5, application/json"],
    ["Accept-Encoding", "gzip"],
    ["Cache-Control", "no-cache"],
    ["Content-Type", "application/json; charset=utf-8"],
    ["X-Forwarded-For", "203.0.113.9"],
    ["X-Forwarded-Proto", "https"],
    ...added,
  ];
  return { method: "POST", url: "/in/bench", headers, body };
}

function isGenuine(key, start, body, signature) {
  const running = createHmac("sha256", key);
  if (start !== null) running.update(start);
  return timingSafeEqual(running.update(body).digest(), signature);
}

function byHoldfast(provider, secret, requests, now) {
  const receiver = { secrets: [secret] };
  return overAll(requests, ({ request }) => verify({ provider, receiver, request, now }).ok);
}

function overAll(requests, isAccepted) {
  return () => {
    let accepted = 0;
    for (const one of requests) if (isAccepted(one)) accepted += 1;
    return accepted;
  };
}
