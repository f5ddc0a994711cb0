import { bodyFor, type Bodies, type Fresh, JSON_TYPE, type JsonObject, type Sample } from "./sample.ts";

/** What tells one provider's JSON requests from another's. */
interface JsonParts extends Pick<Sample, "provider" | "secretPrefix" | "signsUrl"> {
  readonly bodies: Bodies;
  readonly userAgent: string;
  /** Headers beside content type and user agent. */
  readonly headers?: (eventType: string, fresh: Fresh) => readonly (readonly [string, string])[];
  /** The whole document around what happened. */
  readonly wrap: (eventType: string, inner: JsonObject, fresh: Fresh) => JsonObject | readonly JsonObject[];
}

/** Samples of a provider that posts one JSON document, in which every event stands in the same envelope. */
export function jsonSample({ bodies, userAgent, headers, wrap, ...rest }: JsonParts): Sample {
  return {
    ...rest,
    eventTypes: Object.keys(bodies),
    knows: (eventType) => Object.hasOwn(bodies, eventType),
    build: (eventType, fresh) => ({
      headers: [JSON_TYPE, ["user-agent", userAgent], ...(headers?.(eventType, fresh) ?? [])],
      body: JSON.stringify(wrap(eventType, bodyFor(bodies, eventType, fresh), fresh)),
    }),
  };
}
