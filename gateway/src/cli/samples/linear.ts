import { bodyFor, type Bodies, type Sample } from "./sample.ts";

const bodies: Bodies = {
  Issue: (fresh) => ({
    id: fresh.uuid(),
    number: 128,
    title: "Webhooks arrive twice",
    priority: 2,
    state: { name: "In Progress", type: "started" },
    team: { key: "ENG" },
    createdAt: fresh.now.toISOString(),
  }),
  Comment: (fresh) => ({
    id: fresh.uuid(),
    body: "Seen it too.",
    issueId: fresh.uuid(),
    userId: fresh.uuid(),
    createdAt: fresh.now.toISOString(),
  }),
  Project: (fresh) => ({
    id: fresh.uuid(),
    name: "Reliability",
    state: "started",
    progress: 0.4,
    createdAt: fresh.now.toISOString(),
  }),
};

/** `Issue` or, with the action, `Issue.update`. */
export const linear: Sample = {
  provider: "linear",
  eventTypes: Object.keys(bodies).map((type) => `${type}.create`),
  knows: (eventType) => Object.hasOwn(bodies, eventType.split(".")[0] ?? ""),
  build: (eventType, fresh) => {
    const [type = eventType, action = "create"] = eventType.split(".");
    return {
      headers: [
        ["content-type", "application/json; charset=utf-8"],
        ["user-agent", "Linear-Webhook"],
        ["linear-event", type],
        ["linear-delivery", fresh.uuid()],
      ],
      body: JSON.stringify({
        action,
        actor: { id: fresh.uuid(), type: "user", name: "Ada Example" },
        createdAt: fresh.now.toISOString(),
        data: bodyFor(bodies, type, fresh),
        organizationId: fresh.uuid(),
        type,
        url: "https://linear.app/example/issue/ENG-128",
        webhookId: fresh.uuid(),
        webhookTimestamp: fresh.now.getTime(),
      }),
    };
  },
};
