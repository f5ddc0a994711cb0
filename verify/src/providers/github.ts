import { template } from "../content-template.ts";
import { defineProvider } from "../define-provider.ts";
import { jsonOf } from "../extract/fields.ts";
import { path, scanJson } from "../extract/json-scan.ts";
import { decodeJsonString } from "../extract/json-text.ts";

/** What only those bodies have that tell no time of their own: a dispatch, somebody who comes and goes, a button, a setting. */
const timeless = [
  "inputs",
  "client_payload",
  "member",
  "membership",
  "team",
  "blocked_user",
  "requested_action",
  "new_property_values",
  "definition",
  "changes.from.security_and_analysis",
];
/** What an authorization, which is a person's, has none of. */
const places = ["repository", "organization", "installation", "enterprise"];
/** Actions of events that have nothing but their place: a watch, and the protection of a repository's branches. */
const bareActions = ["started", "enabled", "disabled"];
const paths = ["action", "starred_at", "label", "issue", ...timeless, ...places].map(path);

/** GitHub. Signs the body alone, JSON or form (`payload=…`), as it is sent. */
export const github = defineProvider({
  slug: "github",
  name: "GitHub",
  headers: [{ signature: "X-Hub-Signature-256", id: "X-GitHub-Delivery", type: "X-GitHub-Event" }],
  legacyHeader: "X-Hub-Signature",
  scheme: {
    engine: "hmac-template",
    hash: "sha256",
    signature: { form: "plain", prefix: "sha256=", encoding: "hex" },
    timestamp: null,
    content: template("{body}"),
    secret: { encoding: "utf8", prefix: "", bytesMin: 24 },
  },
  identity: {
    id: [{ header: "id" }],
    type: [[{ header: "type" }, { body: "action" }]],
    time: [],
    version: [],
    forms: true,
  },
  contentIsUnique: ({ request }) => {
    const json = jsonOf(request.body);
    return json === null || !mayReadAlike(json);
  },
  facts: {
    identity: "unsigned",
    signedContent: "{body}",
    eventIdFrom: "header `X-GitHub-Delivery`; the same when a delivery is sent again by hand",
    dedupeKey: "delivery id, and the body where it tells its time",
    notCovered: "the delivery id, the event name, the time (there is none), URL and method",
    handshakeNote: "none: the `ping` on creation is an ordinary event",
    notes:
      "No automatic retries. The same change reaches a repository's and an organisation's subscription under two ids. Some events tell no time and read alike when they happen again: dispatches, changes of members, teams, labels, custom properties and a repository's security settings, its branch protection switched on or off, blocks, requested actions, watches, stars that are taken away, revoked authorizations. They are known by their id alone, so that a captured one that comes back under another id counts as a new event. Any other that comes again in the same bytes counts as one. SHA-1 signatures are never enough.",
    source: ["@octokit/webhooks-methods@6.0.0", "docs.github.com webhooks best practices"],
    confidence: "high",
  },
});

/** Whether two events may read like this: the second would be lost if the first one's content were a key. */
function mayReadAlike(json: Uint8Array): boolean {
  const [action, starredAt, label, issue, ...others] = scanJson(json, paths)?.map(({ value }) => value) ?? [];
  if (others.slice(0, timeless.length).some((value) => value !== null)) return true;
  // A star has its time until it is taken away.
  if (starredAt?.kind === "other") return true;
  const happened = action?.kind === "string" ? decodeJsonString(json, action.start, action.end) : null;
  if (happened === null) return false;
  if (bareActions.includes(happened)) return true;
  // A label has no time; the issue beside it has.
  if (happened === "edited" && label !== null && issue === null) return true;
  return happened === "revoked" && others.slice(timeless.length).every((value) => value === null);
}
