import { defineProvider } from "../define-provider.ts";

/** GitLab with a secret token: the token itself comes in a header, and nothing is signed. */
export const gitlab = defineProvider({
  slug: "gitlab",
  name: "GitLab (secret token)",
  headers: [
    { signature: "X-Gitlab-Token", id: "Idempotency-Key", scope: "X-Gitlab-Event-UUID", type: "X-Gitlab-Event" },
  ],
  scheme: { engine: "static-token", secret: { encoding: "utf8", prefix: "", bytesMin: 24 } },
  identity: {
    id: [{ header: "id" }],
    type: [[{ body: "object_kind" }], [{ body: "event_name" }], [{ header: "type" }]],
    time: [],
    version: [],
    forms: false,
  },
  // For a GitLab before 17.4: a branch that is made again at the same commit is told in the same bytes.
  stableContent: ({ request, values }) =>
    values.scope === undefined ? [request.body] : [values.scope, "\0", request.body],
  facts: {
    identity: "unsigned",
    signedContent: "nothing",
    eventIdFrom: "header `Idempotency-Key`; the same on every retry of one delivery",
    dedupeKey: "idempotency key, or `X-Gitlab-Event-UUID` and the body where a GitLab before 17.4 sends none",
    notCovered: "everything: who knows the token can send anything. Use `gitlab-signing` where GitLab offers it",
    handshakeNote: "none",
    notes:
      "`X-Gitlab-Event-UUID` is shared by the events that one event causes, and `X-Gitlab-Webhook-UUID` by all events of one subscription: neither is an event id by itself.",
    source: ["gitlab-org/gitlab merge requests 166329 and 230944, issue 14888"],
    confidence: "medium",
  },
});
