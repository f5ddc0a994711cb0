import { bodyHmac } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";
import { path } from "../extract/json-scan.ts";
import { select } from "../extract/select.ts";

const paths = ["action", "data.issue", "data.metric_alert", "data.comment_id"].map(path);

/** Sentry, integration platform. The key is the client secret; the time in the header is not signed and not enforced. */
export const sentry = defineProvider({
  slug: "sentry",
  name: "Sentry",
  headers: [
    {
      signature: "Sentry-Hook-Signature",
      id: "Request-ID",
      type: "Sentry-Hook-Resource",
      time: "Sentry-Hook-Timestamp",
    },
  ],
  scheme: bodyHmac("hex"),
  identity: {
    id: [{ header: "id" }],
    type: [[{ header: "type" }, { body: "action" }]],
    time: [{ place: { header: "time" }, unit: "s" }],
    version: [],
    forms: false,
  },
  // A second change that reads alike would be lost, while a retry is another request by all that is told of it, and counts as new.
  contentIsUnique: ({ request }) => !mayReadAlike(request.body),
  facts: {
    identity: "unsigned",
    signedContent: "{body}",
    eventIdFrom: "header `Request-ID`; by Sentry's own code another on every attempt",
    dedupeKey: "request id, and the body of what happens once",
    notCovered: "the request id, the resource, the time, URL and method",
    handshakeNote: "none",
    notes:
      "Wants an answer within one second. Webhooks of published integrations are sent again after timeouts and server errors, three times at most. Changes of an issue or of an incident and edited comments tell no time of their own and read alike when they happen again, such as an issue that is resolved a second time. They are known by their id alone, so that a retry of one, or a captured one that comes back under another id, counts as a new event.",
    source: [
      "trigger.dev registry/sentry.ts",
      "docs.sentry.io integration platform webhooks (issues, comments, metric alerts)",
      "getsentry/sentry src/sentry/sentry_apps",
    ],
    confidence: "medium",
  },
});

/** Whether two events may read like this: what is told is the thing as it is now, without the time of its change. */
function mayReadAlike(body: Uint8Array): boolean {
  const [action, issue, incident, comment] = select(body, paths);
  if (issue != null) return action?.text !== "created";
  return incident != null || (comment != null && action?.text === "updated");
}
