import { signRequest } from "@holdfast/verify";
import { expect, it } from "vitest";
import { certificates } from "../../../verify/test/certificates.ts";
import { isConfirmUrl } from "../../src/engine/confirm-subscriptions.ts";
import { answer, broken, NOW, openPipeline } from "../support/keyed-pipeline.ts";

const TOPIC = "arn:aws:sns:eu-west-1:1:orders";
const CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem";
const CONFIRM = `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=2336412f37`;

/** What Amazon posts when an address is subscribed to a topic, signed with its certificate. */
function subscription(more: Readonly<Record<string, string>> = {}) {
  const envelope = {
    Type: "SubscriptionConfirmation",
    MessageId: "sub-1",
    Token: "2336412f37",
    TopicArn: TOPIC,
    Message: "You have chosen to subscribe to the topic.",
    SubscribeURL: CONFIRM,
    ...more,
  };
  const receiver = { secrets: [certificates.signerKey], certificates: { [CERTIFICATE]: "" } };
  const request = { method: "POST", url: "/in/aws-sns-key", headers: [], body: Buffer.from(JSON.stringify(envelope)) };
  const made = signRequest({ provider: "aws-sns", receiver, request, now: NOW });
  return { method: "POST", url: "/in/aws-sns-key", headers: made.headers, body: Buffer.from(made.body) };
}

/** A source of SNS, at whose Amazon the first visits fail so often. */
function openSns(receiver: object, policy: { confirmSubscriptions?: boolean } = {}, failures = 0) {
  const pipeline = openPipeline("aws-sns", receiver, policy);
  let left = failures;
  pipeline.world.published = (url) => {
    if (url === CERTIFICATE) return answer(certificates.signer);
    left--;
    return left >= 0 ? broken : answer("<ConfirmSubscriptionResponse/>");
  };
  const visited = () => pipeline.fetched.filter((url) => url !== CERTIFICATE);
  const counted = async (result: string) =>
    (await pipeline.metrics.subscriptionConfirmations.get()).values.find(({ labels }) => labels.result === result)
      ?.value ?? 0;
  return { ...pipeline, visited, counted };
}

it("visits the URL of a genuine request of the topic that the source names, and records the request", async () => {
  const sns = openSns({ audience: TOPIC });
  expect((await sns.take(subscription())).kind).toBe("recorded");
  await expect.poll(() => sns.counted("confirmed")).toBe(1);
  expect(sns.visited()).toEqual([CONFIRM]);
});

it("tries three times and then says that it failed", async () => {
  const second = openSns({ audience: TOPIC }, {}, 1);
  await second.take(subscription());
  await expect.poll(() => second.counted("confirmed")).toBe(1);
  const never = openSns({ audience: TOPIC }, {}, 9);
  await never.take(subscription());
  await expect.poll(() => never.counted("failed")).toBe(1);
  expect(never.visited()).toEqual([CONFIRM, CONFIRM, CONFIRM]);
});

it("visits nothing for a topic that nobody named, whatever the source says, and never where the source says no", async () => {
  for (const [receiver, policy, kind] of [
    [{}, {}, "rejected"],
    [{}, { confirmSubscriptions: true }, "rejected"],
    [{ audience: TOPIC }, { confirmSubscriptions: false }, "recorded"],
  ] as const) {
    const sns = openSns(receiver, policy);
    expect((await sns.take(subscription())).kind).toBe(kind);
    await sns.confirmer.drain();
    expect(sns.visited()).toEqual([]);
  }
});

it("visits nothing for a request that is forged, of another topic, or that names another place", async () => {
  const sns = openSns({ audience: TOPIC });
  const forged = subscription();
  const altered = Buffer.from(forged.body.toString().replace("2336412f37", "2336412f38"));
  expect((await sns.take({ ...forged, body: altered })).kind).toBe("rejected");
  expect((await sns.take(subscription({ TopicArn: `${TOPIC}-of-others` }))).kind).toBe("rejected");
  const elsewhere = [
    "https://sns.eu-west-1.amazonaws.com.evil.example/?Action=ConfirmSubscription",
    "http://169.254.169.254/",
  ];
  for (const SubscribeURL of elsewhere) await sns.take(subscription({ SubscribeURL }));
  const other = "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe";
  await sns.take(subscription({ SubscribeURL: other, MessageId: "sub-2" }));
  await expect.poll(() => sns.counted("refused")).toBe(1);
  await sns.confirmer.drain();
  expect(sns.visited()).toEqual([]);
});

it.each([
  [CONFIRM, true],
  ["https://sns.cn-north-1.amazonaws.com.cn/?Action=ConfirmSubscription&Token=1", true],
  ["http://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription", false],
  ["https://sns.eu-west-1.amazonaws.com:444/?Action=ConfirmSubscription", false],
  ["https://u@sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription", false],
  ["https://sns.eu-west-1.amazonaws.com/other?Action=ConfirmSubscription", false],
  ["https://sns.eu-west-1.amazonaws.com@evil.example/?Action=ConfirmSubscription", false],
  ["https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic", false],
  ["https://evil.example/?Action=ConfirmSubscription", false],
  ["https://sns.s3-us-west-2.amazonaws.com/?Action=ConfirmSubscription", false],
  ["https://sns.us-gov-west-1.amazonaws.com/?Action=ConfirmSubscription", true],
])("%s may be visited: %s", (url, may) => expect(isConfirmUrl(url)).toBe(may));
