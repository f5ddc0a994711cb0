import { describe, expect, test } from "vitest";
import type { VerifyInput } from "../src/index.ts";
import { arrivalOf } from "./arrivals.ts";
import { expectOneEvent, expectTwoEvents, keysOf } from "./ledger-keys.ts";
import { genuine, pairs, sampleOf, withBody, withHeader, withHeaders, withoutHeader } from "./samples.ts";

describe("WooCommerce, whose delivery id is that of one webhook's second", () => {
  const headers = { "X-WC-Webhook-Delivery-ID": "5f0e", "X-WC-Webhook-Topic": "order.updated" };
  const first = arrivalOf("woocommerce", { headers, body: '{"id":1}' });

  test("orders that change in the same second are events of their own", () => {
    expectTwoEvents(first, arrivalOf("woocommerce", { headers, body: '{"id":2}' }));
  });

  test("the same order in the same words in another second, or under another topic, is an event of its own", () => {
    for (const change of [{ "X-WC-Webhook-Delivery-ID": "60aa" }, { "X-WC-Webhook-Topic": "order.created" }])
      expectTwoEvents(first, arrivalOf("woocommerce", { headers: { ...headers, ...change }, body: '{"id":1}' }));
  });

  test("one request that comes twice is one event", () => {
    expectOneEvent(first, arrivalOf("woocommerce", { headers, body: '{"id":1}' }));
  });
});

describe("Shopify, whose event id is that of a merchant's action", () => {
  const body = '{"product_listing":{"product_id":788032119674292922}}';
  const headers = (id: string, topic = "product_listings/remove") => ({
    "X-Shopify-Webhook-Id": id,
    "X-Shopify-Event-Id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
    "X-Shopify-Topic": topic,
  });
  const first = arrivalOf("shopify", { headers: headers("1"), body });

  test("what one action causes in several topics and at several things is several events", () => {
    expectTwoEvents(first, arrivalOf("shopify", { headers: headers("2", "products/update"), body }));
    expectTwoEvents(first, arrivalOf("shopify", { headers: headers("3"), body: '{"product_listing":{}}' }));
  });

  test("what happens again in the same words is an event of its own, and a retry is none", () => {
    expectTwoEvents(first, arrivalOf("shopify", { headers: headers("4"), body }));
    expectOneEvent(first, arrivalOf("shopify", { headers: headers("1"), body, laterMs: 60_000 }));
  });

  test("without an id the topic and the body tell it", () => {
    const bare = withoutHeader(genuine(sampleOf("shopify")), "X-Shopify-Webhook-Id");
    expectOneEvent(bare, withHeader(bare, "X-Shopify-Event-Id", "another"));
    expectTwoEvents(bare, withHeader(bare, "X-Shopify-Topic", "orders/paid"));
  });

  test("the newer names carry the id as well", () => {
    const newer = new Map([
      ["X-Shopify-Hmac-Sha256", "shopify-hmac-sha256"],
      ["X-Shopify-Webhook-Id", "shopify-webhook-id"],
    ]);
    const renamed = pairs(first).map(([name, value]): [string, string] => [newer.get(name) ?? name, value]);
    expect(keysOf(withHeaders(first, renamed))).toEqual(["id:1"]);
  });
});

describe.each([
  ["sanity", "idempotency-key", '{"_type":"post"}'],
  ["zendesk", "X-Zendesk-Webhook-Invocation-Id", '{"ticket":"changed"}'],
])("%s, whose bodies are the account's own words", (provider, header, body) => {
  const first = arrivalOf(provider, { headers: { [header]: "1" }, body });

  test("two changes in the same words are two events, also at the same moment", () => {
    for (const laterMs of [0, 5_000])
      expectTwoEvents(first, arrivalOf(provider, { headers: { [header]: "2" }, body, laterMs }));
  });

  test("a retry is no new event, though it is signed anew", () => {
    expectOneEvent(first, arrivalOf(provider, { headers: { [header]: "1" }, body, laterMs: 60_000 }));
  });

  test("without an id the time that is signed tells two changes apart, and one request is one event", () => {
    const bare = (laterMs: number) => withoutHeader(arrivalOf(provider, { body, laterMs }), header);
    expectTwoEvents(bare(0), bare(5_000));
    expectOneEvent(bare(0), bare(0));
  });
});

test("each notice of Dropbox is an event, though an account's notices are all the same bytes", () => {
  expectTwoEvents(arrivalOf("dropbox", {}), arrivalOf("dropbox", { laterMs: 1 }));
});

describe.each([
  [
    "revolut",
    '{"event":"ORDER_PAYMENT_DECLINED","order_id":"o1"}',
    '{"event":"TransactionStateChanged","timestamp":"2024-05-06T07:08:00Z"}',
  ],
  [
    "webflow",
    '{"triggerType":"ecomm_inventory_changed","payload":{"id":"i1","quantity":15}}',
    '{"triggerType":"form_submission","payload":{"submittedAt":"2024-05-06T07:08:00Z"}}',
  ],
])("%s, which has no ids", (provider, timeless, timed) => {
  test("tells two events whose bodies read alike by the time that it signs", () => {
    const first = arrivalOf(provider, { body: timeless });
    expectTwoEvents(first, arrivalOf(provider, { body: timeless, laterMs: 1 }));
    expectOneEvent(first, arrivalOf(provider, { body: timeless }));
  });

  test("and one whose body holds its time by the body, also when it is signed anew", () => {
    expectOneEvent(arrivalOf(provider, { body: timed }), arrivalOf(provider, { body: timed, laterMs: 600_000 }));
  });
});

test("an Instagram message that is unsent is told under its id, and both are events", () => {
  const about = (message: object) =>
    JSON.stringify({ object: "instagram", entry: [{ id: "1", messaging: [{ timestamp: 1714979280000, message }] }] });
  const first = arrivalOf("meta-whatsapp", { body: about({ mid: "m1", text: "hello" }) });
  const deletion = arrivalOf("meta-whatsapp", { body: about({ mid: "m1", is_deleted: true }) });
  expectTwoEvents(first, deletion);
  expectOneEvent(deletion, deletion);
  expect(keysOf(first)).toEqual(["id:m1"]);
  expect(keysOf(deletion)).toEqual([expect.stringMatching(/^sha256:/)]);
});

describe("GitHub, of whose bodies some tell no time", () => {
  const arrival = (id: string, body: object | string, provider = "github"): VerifyInput =>
    arrivalOf(provider, {
      headers: { "X-GitHub-Delivery": id, "X-Atlassian-Webhook-Identifier": id },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const repository = { id: 1, pushed_at: "2024-05-06T07:08:00Z" };
  const sender = { login: "octocat", id: 1 };
  const organization = { login: "octo-org", id: 5 };
  const label = { id: 4, name: "bug", color: "cceeaa" };

  test.each([
    ["an authorization", { action: "revoked", sender }],
    ["a dispatch of a workflow", { inputs: null, ref: "refs/heads/main", repository, sender, workflow: "deploy.yml" }],
    ["a dispatch", { action: "deploy", branch: "main", client_payload: {}, repository, sender }],
    ["a member of a team", { action: "added", scope: "team", member: sender, sender, team: { id: 2 } }],
    ["a member of an organisation", { action: "member_added", membership: { role: "member" }, sender }],
    ["a block", { action: "blocked", blocked_user: sender, sender }],
    ["a button", { action: "requested_action", check_run: { id: 3 }, requested_action: { identifier: "fix" }, sender }],
    ["a star", { action: "deleted", starred_at: null, repository, sender }],
    ["a watch", { action: "started", repository, sender }],
    ["a property", { action: "updated", new_property_values: [], old_property_values: [], repository, sender }],
    ["what defines a property", { action: "deleted", definition: { property_name: "team" }, organization, sender }],
    ["a check for secrets", { changes: { from: { security_and_analysis: {} } }, repository, sender }],
    ["a label", { action: "edited", label, changes: { color: { from: "cb1f00" } }, repository, sender }],
    ["a protection that is switched off", { action: "disabled", repository, sender }],
    ["a protection that is switched on", { action: "enabled", repository, sender }],
  ])("%s that comes again in the same words is an event of its own, and a redelivery is none", (_what, body) => {
    for (const text of [JSON.stringify(body), `payload=${encodeURIComponent(JSON.stringify(body))}`]) {
      expectTwoEvents(arrival("d1", text), arrival("d2", text));
      expectOneEvent(arrival("d1", text), arrival("d1", text));
    }
  });

  test("a dispatch whose keys are written with escapes is a dispatch", () => {
    const body = String.raw`{"ref":"refs/heads/main","inpu\u0074s":null,"workflow":"deploy.yml"}`;
    expectTwoEvents(arrival("d1", body), arrival("d2", body));
    const watch = String.raw`{"\u0061ction":"st\u0061rted","repository":{"id":1}}`;
    expectTwoEvents(arrival("d1", watch), arrival("d2", watch));
  });

  test.each([
    ["an issue", { action: "opened", issue: { updated_at: "2024-05-06T07:08:00Z" }, repository, sender }],
    ["a label of an issue", { action: "edited", label, changes: {}, issue: { id: 6 }, repository, sender }],
    ["a release", { action: "edited", changes: { name: { from: "v1" } }, release: {}, repository, sender }],
    ["a new star", { action: "created", starred_at: "2024-05-06T07:08:00Z", repository, sender }],
    ["a repository", { action: "archived", repository, sender }],
    [
      "what is named like one",
      { action: "revoked", alert: {}, repository, sender, nested: { inputs: {}, member: {} } },
    ],
    ["a body that is no object", "[]"],
  ])("%s under a fresh id is the one that was captured", (_what, body) => {
    expectOneEvent(arrival("d1", body), arrival("d2", body));
  });

  test.each(["github", "jira"])("%s: a body with nothing in it makes no two requests one event", (provider) => {
    expectTwoEvents(arrival("d1", "", provider), arrival("d2", "", provider));
  });
});

describe("Bitbucket, of whose bodies some tell no time", () => {
  const arrival = (id: string, body: object): VerifyInput =>
    arrivalOf("bitbucket", { headers: { "X-Request-UUID": id }, body: JSON.stringify(body) });
  const at = (hash: string) => ({ name: "main", target: { hash, date: "2024-05-06T07:08:00Z" } });
  const repository = { full_name: "team/repo" };
  const updated_on = "2024-05-06T07:08:00Z";

  test.each([
    ["a branch that is made again", { push: { changes: [{ created: true, old: null, new: at("a") }] }, repository }],
    ["a branch that is deleted again", { push: { changes: [{ closed: true, old: at("a"), new: null }] }, repository }],
    ["a push by force", { push: { changes: [{ forced: true, old: at("a"), new: at("b") }] }, repository }],
    ["a name that is given again", { changes: { name: { old: "a", new: "b" } }, repository }],
  ])("%s, in the same words, is an event of its own, and a retry is none", (_what, body) => {
    expectTwoEvents(arrival("r1", body), arrival("r2", body));
    expectOneEvent(arrival("r1", body), arrival("r1", body));
  });

  test.each([
    ["a pull request", { pullrequest: { id: 1, updated_on }, repository }],
    ["an issue", { issue: { id: 1, updated_on }, changes: {}, repository }],
    ["a comment", { comment: { id: 1, created_on: updated_on }, commit: {}, repository }],
    ["a build", { commit_status: { state: "SUCCESSFUL", updated_on }, repository }],
  ])("%s under a fresh id is the one that was captured", (_what, body) => {
    expectOneEvent(arrival("r1", body), arrival("r2", body));
  });
});

describe("Sentry, which tells changes of an issue without their time", () => {
  const arrival = (id: string, body: object, resource = "issue"): VerifyInput =>
    arrivalOf("sentry", {
      headers: { "Request-ID": id, "Sentry-Hook-Resource": resource },
      body: JSON.stringify({ installation: { uuid: "i1" }, ...body }),
    });
  const issue = { id: "1", status: "resolved", firstSeen: "2024-05-06T07:08:00Z", lastSeen: "2024-05-06T07:08:00Z" };
  const comment = { comment: "x", comment_id: 1234, timestamp: "2024-05-06T07:08:00Z" };
  const metric_alert = { id: "7", date_created: "2024-05-06T07:08:00Z", date_closed: null };

  test.each([
    ["an issue that is resolved again", { action: "resolved", data: { issue, resolution_type: "now" } }],
    ["one that is assigned to the first again", { action: "assigned", data: { issue, assignee: { id: "5" } } }],
    ["a comment that is put back as it was", { action: "updated", data: comment }],
    ["an incident that is critical again", { action: "critical", data: { metric_alert } }],
  ])("%s, in the same words, is an event of its own, and one request is one event", (_what, body) => {
    expectTwoEvents(arrival("r1", body), arrival("r2", body));
    expectOneEvent(arrival("r1", body), arrival("r1", body));
  });

  test.each([
    ["a new issue", { action: "created", data: { issue } }],
    ["a new comment", { action: "created", data: comment }],
    ["an error", { action: "created", data: { error: { event_id: "e1" } } }],
    ["an alert on one", { action: "triggered", data: { event: { event_id: "e1" }, triggered_rule: "x" } }],
    ["an installation", { action: "created", data: { installation: { uuid: "i1" } } }],
  ])("%s under a fresh id is the one that was captured", (_what, body) => {
    expectOneEvent(arrival("r1", body), arrival("r2", body));
  });
});

describe("a GitLab before 17.4, which sends no idempotency key", () => {
  const body = JSON.stringify({
    object_kind: "push",
    ref: "refs/heads/x",
    before: "0".repeat(40),
    after: "a".repeat(40),
  });
  const push = (headers: Record<string, string>) =>
    withoutHeader(arrivalOf("gitlab", { headers, body }), "Idempotency-Key");
  const first = push({ "X-Gitlab-Event-UUID": "u1" });

  test("a branch that is made again at the same commit is an event of its own, and a retry is none", () => {
    expectTwoEvents(first, push({ "X-Gitlab-Event-UUID": "u2" }));
    expectOneEvent(first, push({ "X-Gitlab-Event-UUID": "u1" }));
  });

  test("what one event causes is told apart by its body, and so is all that comes without a UUID", () => {
    const other = withBody(first, body.replace("refs/heads/x", "refs/heads/y"));
    expectTwoEvents(first, other);
    expectOneEvent(push({}), push({}));
  });
});
