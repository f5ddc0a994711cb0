import { bodyFor, type Bodies, JSON_TYPE, type Sample, unixSeconds } from "./sample.ts";

const events: Bodies = {
  app_mention: (fresh) => ({
    type: "app_mention",
    user: "U061F7AUR",
    text: "<@U0LAN0Z89> is the build green?",
    ts: slackTime(fresh.now),
    channel: "C123ABC456",
    event_ts: slackTime(fresh.now),
  }),
  message: (fresh) => ({
    type: "message",
    channel: "C123ABC456",
    channel_type: "channel",
    user: "U061F7AUR",
    text: "Shipped.",
    ts: slackTime(fresh.now),
    event_ts: slackTime(fresh.now),
  }),
  reaction_added: (fresh) => ({
    type: "reaction_added",
    user: "U061F7AUR",
    reaction: "tada",
    item: { type: "message", channel: "C123ABC456", ts: slackTime(fresh.now) },
    event_ts: slackTime(fresh.now),
  }),
};

export const slack: Sample = {
  provider: "slack",
  eventTypes: Object.keys(events),
  knows: (eventType) => Object.hasOwn(events, eventType),
  build: (eventType, fresh) => {
    // The type that a user knows may be written with the envelope's own in front: event_callback.message.
    const type = eventType.replace(/^event_callback\./, "");
    const event = Object.hasOwn(events, type) ? bodyFor(events, type, fresh) : { type, event_ts: slackTime(fresh.now) };
    return {
      headers: [JSON_TYPE, ["user-agent", "Slackbot 1.0 (+https://api.slack.com/robots)"]],
      body: JSON.stringify({
        token: fresh.id("", 24),
        team_id: "T123ABC456",
        api_app_id: "A123ABC456",
        event,
        type: "event_callback",
        event_id: `Ev${fresh.id("", 9).toUpperCase()}`,
        event_time: unixSeconds(fresh.now),
        authed_users: ["U0LAN0Z89"],
      }),
    };
  },
};

/** Slack's `ts`: seconds with six decimals, an id as much as a time. */
function slackTime(now: Date): string {
  return `${(now.getTime() / 1000).toFixed(3)}100`;
}
