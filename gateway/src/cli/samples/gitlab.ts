import { bodyFor, type Bodies, JSON_TYPE, type Sample } from "./sample.ts";

const project = { id: 15, name: "Engine", path_with_namespace: "example/engine", default_branch: "main" };

const bodies: Bodies = {
  push: (fresh) => ({
    object_kind: "push",
    event_name: "push",
    before: fresh.hex(40),
    after: fresh.hex(40),
    ref: "refs/heads/main",
    user_username: "ada",
    project,
    total_commits_count: 1,
  }),
  merge_request: (fresh) => ({
    object_kind: "merge_request",
    event_type: "merge_request",
    user: { username: "ada" },
    project,
    object_attributes: {
      id: Number(fresh.digits(6)),
      iid: 3,
      title: "Answer after the commit",
      state: "opened",
      action: "open",
      source_branch: "answer-late",
      target_branch: "main",
    },
  }),
  pipeline: (fresh) => ({
    object_kind: "pipeline",
    project,
    object_attributes: { id: Number(fresh.digits(7)), ref: "main", status: "success", duration: 63 },
  }),
};

/** GitLab names an event by words in its header and by another word in its body. */
const headerNames: Readonly<Record<string, string>> = {
  push: "Push Hook",
  merge_request: "Merge Request Hook",
  pipeline: "Pipeline Hook",
};

function sampleFor(provider: string): Sample {
  return {
    provider,
    secretPrefix: provider === "gitlab-signing" ? "whsec_" : "",
    eventTypes: Object.keys(bodies),
    knows: (eventType) => Object.hasOwn(bodies, eventType),
    build: (eventType, fresh) => ({
      headers: [
        JSON_TYPE,
        ["user-agent", "GitLab/17.4.0"],
        ["x-gitlab-event", headerNames[eventType] ?? eventType],
        ["x-gitlab-event-uuid", fresh.uuid()],
        ["x-gitlab-webhook-uuid", fresh.uuid()],
        ["x-gitlab-instance", "https://gitlab.example.com"],
        ["idempotency-key", fresh.uuid()],
      ],
      body: JSON.stringify(bodyFor(bodies, eventType, fresh)),
    }),
  };
}

export const gitlab = sampleFor("gitlab");
export const gitlabSigning = sampleFor("gitlab-signing");
