import type { Source } from "@holdfast/client";

/** The event types of a route in words. */
export function describeTypes(eventTypes: readonly string[]): string {
  return eventTypes.length === 0 || eventTypes.includes("*") ? "every event" : eventTypes.join(", ");
}

/** Where something is declared, and so where it can be changed. */
export function describeOrigin(origin: Source["origin"]): string {
  switch (origin) {
    case "file":
      return "in the configuration file: change it there";
    case "api":
      return "here, or through the API";
    case "sample":
      return "by holdfast dev, as a sample";
  }
}
