import { defineProvider } from "../define-provider.ts";
import { standardFacts, standardHeaders, standardIdentity, standardScheme } from "./standard-webhooks.ts";

/** GitLab with a signing token: Standard Webhooks, with GitLab's own header for the event's name. */
export const gitlabSigning = defineProvider({
  slug: "gitlab-signing",
  name: "GitLab (signing token)",
  headers: [{ ...standardHeaders, type: "X-Gitlab-Event" }],
  scheme: standardScheme,
  identity: {
    ...standardIdentity,
    type: [[{ body: "object_kind" }], [{ body: "event_name" }], [{ header: "type" }]],
    time: [],
  },
  facts: {
    ...standardFacts,
    eventIdFrom: "header `webhook-id` (the same value as `Idempotency-Key`); signed, and the same on every retry",
    notes: `${standardFacts.notes} How GitLab derives the key from the token is taken from the specification, not from GitLab's code.`,
    source: ["gitlab-org/gitlab merge request 230944"],
    confidence: "medium",
  },
});
