import { jsonSample } from "./json-sample.ts";
import type { Fresh } from "./sample.ts";

const created = (fresh: Fresh) => ({
  objectId: Number(fresh.digits(9)),
  changeFlag: "CREATED",
  changeSource: "CRM_UI",
});

/** HubSpot: a list of changes, here with one; the URL that is registered is signed too. */
export const hubspot = jsonSample({
  provider: "hubspot",
  userAgent: "HubSpot Connect 2.0 (http://dev.hubspot.com/) - Webhooks",
  signsUrl: true,
  bodies: {
    "contact.creation": created,
    "contact.propertyChange": (fresh) => ({
      objectId: Number(fresh.digits(9)),
      propertyName: "lifecyclestage",
      propertyValue: "customer",
      changeSource: "CRM_UI",
    }),
    "deal.creation": created,
  },
  wrap: (subscriptionType, change, fresh) => [
    {
      eventId: Number(fresh.digits(10)),
      subscriptionId: Number(fresh.digits(7)),
      portalId: Number(fresh.digits(8)),
      appId: Number(fresh.digits(7)),
      occurredAt: fresh.now.getTime(),
      subscriptionType,
      attemptNumber: 0,
      ...change,
    },
  ],
});
