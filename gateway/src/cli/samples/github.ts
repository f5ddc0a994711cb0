import { bodyFor, type Bodies, type Fresh, JSON_TYPE, type Sample } from "./sample.ts";

const sender = { login: "octo-ada", id: 583231, type: "User" };
const repository = (fresh: Fresh) => ({
  id: Number(fresh.digits(9)),
  name: "engine",
  full_name: "example/engine",
  private: true,
  default_branch: "main",
});

const bodies: Bodies = {
  push: (fresh) => {
    const after = fresh.hex(40);
    return {
      ref: "refs/heads/main",
      before: fresh.hex(40),
      after,
      pusher: { name: "octo-ada", email: "ada@example.com" },
      commits: [
        {
          id: after,
          message: "Store the event before the answer",
          timestamp: fresh.now.toISOString(),
          added: [],
          removed: [],
          modified: ["README.md"],
        },
      ],
    };
  },
  pull_request: (fresh) => ({
    number: 42,
    pull_request: {
      id: Number(fresh.digits(10)),
      number: 42,
      state: "open",
      title: "Answer after the commit",
      draft: false,
      merged: false,
      head: { ref: "answer-late", sha: fresh.hex(40) },
      base: { ref: "main", sha: fresh.hex(40) },
    },
  }),
  issues: (fresh) => ({
    issue: {
      id: Number(fresh.digits(10)),
      number: 7,
      state: "open",
      title: "A webhook arrived twice",
      labels: [{ name: "question" }],
    },
  }),
  workflow_run: (fresh) => ({
    workflow_run: {
      id: Number(fresh.digits(11)),
      name: "tests",
      head_branch: "main",
      status: "completed",
      conclusion: "success",
      run_number: 128,
    },
  }),
  ping: (fresh) => ({ zen: "Keep it logically awesome.", hook_id: Number(fresh.digits(9)) }),
};

const firstActions: Readonly<Record<string, string>> = {
  pull_request: "opened",
  issues: "opened",
  workflow_run: "completed",
};

/** The event's name goes into a header, its action into the body: `pull_request.closed` is both. */
export const github: Sample = {
  provider: "github",
  eventTypes: Object.keys(bodies).map((name) => (name in firstActions ? `${name}.${firstActions[name]}` : name)),
  knows: (eventType) => Object.hasOwn(bodies, eventType.split(".")[0] ?? ""),
  build: (eventType, fresh) => {
    const [name = eventType, given] = eventType.split(".");
    const action = given ?? firstActions[name];
    const body = {
      ...(action === undefined ? {} : { action }),
      ...bodyFor(bodies, name, fresh),
      repository: repository(fresh),
      sender,
    };
    return {
      headers: [
        JSON_TYPE,
        ["user-agent", `GitHub-Hookshot/${fresh.hex(7)}`],
        ["x-github-event", name],
        ["x-github-delivery", fresh.uuid()],
        ["x-github-hook-id", fresh.digits(9)],
      ],
      body: JSON.stringify(body),
    };
  },
};
