import { bodyHmac } from "../body-hmac.ts";
import { defineProvider } from "../define-provider.ts";
import { path, scanJson } from "../extract/json-scan.ts";

/** Where a body tells the time of what happened. A push tells none but its commits' own. */
const times = ["pullrequest.updated_on", "issue.updated_on", "comment.created_on", "commit_status.updated_on"].map(
  path,
);

/** Bitbucket Cloud. `X-Hub-Signature` without a suffix carries SHA-256 here. */
export const bitbucket = defineProvider({
  slug: "bitbucket",
  name: "Bitbucket Cloud",
  headers: [{ signature: "X-Hub-Signature", id: "X-Request-UUID", type: "X-Event-Key" }],
  scheme: bodyHmac("hex", "sha256="),
  identity: { id: [{ header: "id" }], type: [[{ header: "type" }]], time: [], version: [], forms: false },
  // A second event that reads alike would be lost, while a retry, by all that is told of it, has the id of the first attempt.
  contentIsUnique: ({ request }) => scanJson(request.body, times)?.some(({ value }) => value !== null) ?? false,
  facts: {
    identity: "unsigned",
    signedContent: "{body}",
    eventIdFrom: "header `X-Request-UUID`; the same on every retry, as receivers report; it is not documented",
    dedupeKey: "request id, and the body where it tells its time",
    notCovered: "the request id, the event key, the time (there is none), URL and method",
    handshakeNote: "none",
    notes:
      "Unsigned where no secret is set. `X-Hook-UUID` names the subscription, `X-Attempt-Number` counts attempts. Up to two retries. Pushes and changes of a repository tell no time and read alike when they happen again, such as a branch that is deleted and made again at the same commit. They are known by their id alone, so that a captured one that comes back under another id counts as a new event.",
    source: [
      "support.atlassian.com/bitbucket-cloud event-payloads",
      "hookdeck/webhook-skills bitbucket",
      "adnanh/webhook#662",
      "simstudioai/sim#6934",
    ],
    confidence: "medium",
  },
});
