import { jsonSample } from "./json-sample.ts";
import type { Fresh, JsonObject } from "./sample.ts";

const meeting = (fresh: Fresh, more: JsonObject = {}): JsonObject => ({
  id: fresh.digits(11),
  uuid: `${fresh.id("", 22)}==`,
  host_id: fresh.id("", 22),
  topic: "Weekly planning",
  type: 2,
  start_time: fresh.now.toISOString(),
  duration: 30,
  timezone: "UTC",
  ...more,
});

/** Zoom: the event's name, the account and the object that it is about. */
export const zoom = jsonSample({
  provider: "zoom",
  userAgent: "Zoom Marketplace/1.0a",
  bodies: {
    "meeting.started": (fresh) => meeting(fresh),
    "meeting.ended": (fresh) => meeting(fresh, { end_time: fresh.now.toISOString() }),
    "meeting.participant_joined": (fresh) =>
      meeting(fresh, {
        participant: {
          user_id: fresh.digits(8),
          user_name: "Ada Example",
          email: "ada@example.com",
          join_time: fresh.now.toISOString(),
        },
      }),
  },
  headers: (_eventType, fresh) => [["x-zm-trackingid", `v=2.0;clid=us02;rid=WEB_${fresh.hex(32)}`]],
  wrap: (event, object, fresh) => ({
    event,
    event_ts: fresh.now.getTime(),
    payload: { account_id: fresh.id("", 22), object },
  }),
});
