import { defineProvider } from "../define-provider.ts";
import { standardFacts, standardHeaders, standardIdentity, standardScheme } from "./standard-webhooks.ts";

/** Liveblocks. The time of the event is a member of its data, named after what happened. */
export const liveblocks = defineProvider({
  slug: "liveblocks",
  name: "Liveblocks",
  headers: [standardHeaders],
  scheme: standardScheme,
  identity: {
    ...standardIdentity,
    time: [
      { place: { body: "data.createdAt" }, unit: "iso" },
      { place: { body: "data.updatedAt" }, unit: "iso" },
      { place: { body: "data.deletedAt" }, unit: "iso" },
      { place: { body: "data.enteredAt" }, unit: "iso" },
      { place: { body: "data.leftAt" }, unit: "iso" },
      { place: { body: "data.editedAt" }, unit: "iso" },
      { place: { body: "data.addedAt" }, unit: "iso" },
      { place: { body: "data.removedAt" }, unit: "iso" },
      { place: { body: "data.triggeredAt" }, unit: "iso" },
    ],
  },
  facts: {
    ...standardFacts,
    notes: `${standardFacts.notes} Its library takes any label before the comma; here it is v1. Eight attempts over about 28 hours.`,
    source: ["@liveblocks/node@3.24.2 dist/index.js"],
    confidence: "medium",
  },
});
