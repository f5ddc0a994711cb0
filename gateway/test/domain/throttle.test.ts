import { expect, it } from "vitest";
import type { Throttle } from "../../src/domain/throttle.ts";
import { weighThrottles } from "../../src/domain/throttle.ts";

const now = new Date("2026-03-04T05:06:07Z");
const later = new Date(now.getTime() + 60_000);
const subject = { tenant: "default", sourceId: "s1", priority: "low" } as const;
const base: Throttle = {
  tenant: "default",
  scope: "all",
  target: "",
  action: "throttle",
  admitPercent: 50,
  reason: null,
  setAt: now,
  until: later,
};

it("holds for its tenant, its class or its source alone, and ends by itself", () => {
  const found = (throttle: Partial<Throttle>) => weighThrottles([{ ...base, ...throttle }], subject, now) !== null;
  expect(found({})).toBe(true);
  expect(found({ tenant: "acme" })).toBe(false);
  expect(found({ scope: "class", target: "low" })).toBe(true);
  expect(found({ scope: "class", target: "normal" })).toBe(false);
  expect(found({ scope: "source", target: "s1" })).toBe(true);
  expect(found({ scope: "source", target: "s2" })).toBe(false);
  expect(found({ until: now })).toBe(false);
});

it("follows the strictest of several, and remembers that one of them asks for an exemption", () => {
  const refuse = { ...base, scope: "source", target: "s1", action: "refuse", admitPercent: null } as const;
  const admit = { ...base, scope: "class", target: "low", action: "admit", admitPercent: null } as const;
  expect(weighThrottles([base, refuse, admit], subject, now)).toEqual({
    share: 0,
    isRefusal: true,
    until: later,
    isExempt: true,
  });
  expect(weighThrottles([base], subject, now)).toMatchObject({ share: 0.5, isRefusal: false, isExempt: false });
  expect(weighThrottles([], subject, now)).toBeNull();
});

it("lets in what its action says: a part, nothing, or all", () => {
  const weigh = (throttle: Partial<Throttle>) => weighThrottles([{ ...base, ...throttle }], subject, now);
  expect(weigh({ admitPercent: 25 })).toEqual({ share: 0.25, isRefusal: false, until: later, isExempt: false });
  expect(weigh({ action: "refuse", admitPercent: null })).toMatchObject({ share: 0, isRefusal: true });
  expect(weigh({ action: "refuse", admitPercent: 50 })).toMatchObject({ share: 0 });
  expect(weigh({ action: "admit", admitPercent: null })).toEqual({
    share: 1,
    isRefusal: false,
    until: later,
    isExempt: true,
  });
});
