import type { Sample } from "./samples.ts";

const json: readonly [string, string] = ["content-type", "application/json"];
const mine = "8f742231b10e8888abcd99e6d1f4a2b7";
const other = "1c39f0e2d4b55a7c6688990011aabbcc";
const texts = { receiver: { secrets: [mine] }, signer: { secrets: [mine] }, stranger: { secrets: [other] } };
const whole = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const keyed = {
  receiver: { secrets: [whole] },
  signer: { secrets: [whole] },
  stranger: { secrets: ["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDAAECAwQFBgc="] },
};
const uuid = "f5e57ebe-07b6-4b49-9a8f-1d5b9c4d8f10";
const msg = "msg_p5jXN8AQM9LWM0D4loKWxJek";

/** What a sample of these families differs in: the provider, its further headers, the body and the id (none: told by its body). */
type Row = readonly [provider: string, headers: Readonly<Record<string, string>>, body: string, eventId: string | null];

const rows: readonly Row[] = [
  ["workos", {}, '{"id":"event_01","event":"user.created","created_at":"2024-05-06T07:08:00.000Z"}', "event_01"],
  ["zendesk", { "X-Zendesk-Webhook-Invocation-Id": uuid }, '{"type":"zen:event-type:ticket.created"}', uuid],
  ["calendly", {}, '{"event":"invitee.created","created_at":"2024-05-06T07:08:00.000000Z"}', null],
  ["sanity", { "idempotency-key": uuid, "sanity-operation": "update" }, '{"_id":"d1"}', uuid],
  ["mux", {}, '{"id":"m1","type":"video.asset.ready","created_at":"2024-05-06T07:08:00.000000Z"}', "m1"],
  ["elevenlabs", {}, '{"type":"post_call_transcription","data":{"conversation_id":"c1"}}', "c1"],
  ["retell", {}, '{"event":"call_ended","call":{"call_id":"c1","start_timestamp":1714979280000}}', null],
  ["crisp", {}, '{"event":"message:send","timestamp":1714979280000}', null],
  ["zoom", {}, '{"event":"meeting.started","event_ts":1714979280000,"payload":{"object":{"uuid":"u1"}}}', null],
  ["revolut", {}, '{"event":"ORDER_COMPLETED","timestamp":"2024-05-06T07:08:00Z","order_id":"o1"}', null],
  [
    "recurly",
    { "recurly-notification-id": uuid },
    '{"id":"r1","object_type":"charge_invoice","event_type":"paid","event_time":"2024-05-06T07:08:00Z"}',
    uuid,
  ],
  ["webflow", {}, '{"triggerType":"form_submission","payload":{"submittedAt":"2024-05-06T07:08:00Z"}}', null],
  ["box", {}, '{"id":"b1","trigger":"FILE.UPLOADED","created_at":"2024-05-06T00:08:00-07:00"}', "b1"],
  ["bitbucket", { "X-Request-UUID": uuid, "X-Event-Key": "repo:push" }, '{"push":{}}', uuid],
  ["jira", { "X-Atlassian-Webhook-Identifier": uuid }, '{"webhookEvent":"jira:issue_created","timestamp":1}', uuid],
  ["razorpay", { "x-razorpay-event-id": "ev1" }, '{"event":"payment.captured","created_at":1714979280}', "ev1"],
  ["coinbase-commerce", {}, '{"id":1,"attempt_number":1,"event":{"id":"e1","type":"charge:confirmed"}}', "e1"],
  ["gocardless", {}, '{"events":[{"id":"EV1","resource_type":"payments","action":"confirmed"}]}', "EV1"],
  ["cal-com", {}, '{"triggerEvent":"BOOKING_CREATED","createdAt":"2024-05-06T07:08:00.000Z"}', null],
  [
    "meta-whatsapp",
    {},
    '{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messages":[{"id":"wamid.1","timestamp":"1714979280"}]}}]}]}',
    "wamid.1",
  ],
  ["dropbox", {}, '{"list_folder":{"accounts":["dbid:1"]}}', null],
  [
    "asana",
    {},
    '{"events":[{"action":"added","created_at":"2024-05-06T07:08:00.000Z","resource":{"gid":"1","resource_type":"task"}}]}',
    null,
  ],
  ["notion", {}, '{"id":"n1","type":"page.created","timestamp":"2024-05-06T07:08:00.000Z","attempt_number":1}', "n1"],
  ["pagerduty", {}, '{"event":{"id":"p1","event_type":"incident.triggered"}}', "p1"],
  ["circleci", {}, '{"id":"c1","type":"workflow-completed","happened_at":"2024-05-06T07:08:00Z"}', "c1"],
  ["sentry", { "Request-ID": uuid, "Sentry-Hook-Resource": "issue" }, '{"action":"created"}', uuid],
  ["checkout-com", {}, '{"id":"evt_1","type":"payment_approved","version":"1.0.0"}', "evt_1"],
  ["lemonsqueezy", { "X-Event-Name": "order_created" }, '{"meta":{"event_name":"order_created"}}', null],
  ["easypost", {}, '{"id":"evt_1","description":"tracker.updated","created_at":"2024-05-06T07:08:00Z"}', "evt_1"],
  ["modern-treasury", { "X-Webhook-ID": uuid, "X-Topic": "payment_order" }, '{"event":"created"}', uuid],
  ["pusher", { "X-Pusher-Key": "k1" }, '{"time_ms":1714979280000,"events":[{"name":"channel_occupied"}]}', null],
  ["getstream", { "X-Webhook-Id": uuid }, '{"type":"message.new","created_at":"2024-05-06T07:08:00Z"}', uuid],
  ["dwolla", {}, '{"id":"d1","topic":"transfer_completed","timestamp":"2024-05-06T07:08:00.000Z"}', "d1"],
  ["intercom", {}, '{"id":"notif_1","topic":"user.created","created_at":1714979280}', "notif_1"],
  ["vercel", {}, '{"id":"v1","type":"deployment.created","createdAt":1714979280000}', "v1"],
  ["xero", {}, '{"events":[{"eventCategory":"INVOICE","eventType":"UPDATE"}],"lastEventSequence":1}', null],
  ["typeform", {}, '{"event_id":"t1","event_type":"form_response"}', "t1"],
  ["line", {}, '{"events":[{"type":"message","webhookEventId":"01H","timestamp":1714979280000}]}', "01H"],
  [
    "docusign",
    {},
    '{"event":"envelope-completed","apiVersion":"v2.1","retryCount":0,"data":{"envelopeId":"e1"}}',
    null,
  ],
  ["woocommerce", { "X-WC-Webhook-Delivery-ID": "7", "X-WC-Webhook-Topic": "order.created" }, '{"id":1}', "7"],
  ["telegram", {}, '{"update_id":10000,"message":{"message_id":1,"date":1714979280}}', "10000"],
  [
    "okta",
    {},
    '{"eventTypeVersion":"2.0","eventId":"o1","data":{"events":[{"uuid":"u1","eventType":"user.lifecycle.create"}]}}',
    "o1",
  ],
  ["auth0", {}, '[{"log_id":"l1","data":{"type":"s","date":"2024-05-06T07:08:00.000Z"}}]', "l1"],
];

const standardRows: readonly Row[] = [
  ["clerk", { "svix-id": msg }, '{"type":"user.created","timestamp":1714979280000}', msg],
  ["resend", { "svix-id": msg }, '{"type":"email.sent","created_at":"2024-05-06T07:08:00.000Z"}', msg],
  ["openai", { "webhook-id": msg }, '{"type":"response.completed","created_at":1714979280}', msg],
  ["anthropic", { "webhook-id": msg }, '{"type":"event","created_at":"2024-05-06T07:08:00Z"}', msg],
  ["replicate", { "webhook-id": msg }, '{"id":"p1","status":"succeeded"}', msg],
  ["lithic", { "webhook-id": msg }, '{"event_type":"card.created","created":"2024-05-06T07:08:00Z"}', msg],
  ["liveblocks", { "webhook-id": msg }, '{"type":"roomCreated","data":{"createdAt":"2024-05-06T07:08:00Z"}}', msg],
  ["polar", { "webhook-id": msg }, '{"type":"order.created","timestamp":"2024-05-06T07:08:00Z"}', msg],
];

function toSample([provider, headers, body, eventId]: Row): Omit<Sample, "receiver" | "signer" | "stranger"> {
  return { provider, url: `/in/${provider}`, headers: [json, ...Object.entries(headers)], body, eventId };
}

/** One realistic request for each provider of the families HMAC, Standard Webhooks and shared token. */
export const hmacSamples: readonly Sample[] = [
  ...rows.map((row) => ({ ...texts, ...toSample(row) })),
  ...standardRows.map((row) => ({ ...keyed, ...toSample(row) })),
];
