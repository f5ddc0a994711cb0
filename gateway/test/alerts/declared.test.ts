import { expect, it } from "vitest";
import { checkAlerts } from "../../src/domain/alert-definition.ts";
import { declareAlerts } from "../../src/domain/declared-alerts.ts";
import type { FieldFault } from "../../src/domain/field-checks.ts";

const known = { sources: ["payments"], vetUrl: () => ({ ok: true }) as const };

it("alerts that were checked can be declared again, and mean the same", () => {
  const declared = {
    channels: {
      chat: { kind: "slack", url: "https://hooks.slack.com/services/T0/B0/x" },
      duty: { kind: "pagerduty", routingKey: "0123456789abcdef0123456789abcdef", severities: ["page"] },
      hook: {
        kind: "webhook",
        url: "https://ops.example/in",
        signingSecret: `whsec_${Buffer.alloc(24, 7).toString("base64")}`,
      },
      mail: {
        kind: "email",
        host: "mail.example",
        from: "holdfast@example.com",
        to: ["ops@example.com"],
        username: "u",
        password: "p",
      },
    },
    owners: { payments: ["chat"] },
  };
  const faults: FieldFault[] = [];
  const place = { path: "alerts", faults };
  const first = checkAlerts(place, declared, known);
  expect(faults).toEqual([]);
  const second = checkAlerts(place, JSON.parse(JSON.stringify(declareAlerts(first!))), known);
  expect(faults).toEqual([]);
  expect(second).toEqual(first);
  expect(Object.keys(second!.channels)).toHaveLength(4);
});
