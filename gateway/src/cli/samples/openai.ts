import { jsonSample } from "./json-sample.ts";
import { type Fresh, unixSeconds } from "./sample.ts";

const named = (prefix: string) => (fresh: Fresh) => ({ id: fresh.id(prefix, 32) });

/** OpenAI: events name the object that is ready, and hold nothing else of it. */
export const openai = jsonSample({
  provider: "openai",
  secretPrefix: "whsec_",
  userAgent: "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)",
  bodies: {
    "response.completed": named("resp_"),
    "batch.completed": named("batch_"),
    "fine_tuning.job.succeeded": named("ftjob-"),
  },
  wrap: (type, data, fresh) => ({
    id: fresh.id("evt_", 32),
    object: "event",
    created_at: unixSeconds(fresh.now),
    type,
    data,
  }),
});
