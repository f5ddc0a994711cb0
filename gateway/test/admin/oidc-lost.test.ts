import { afterAll, beforeAll, expect, it } from "vitest";
import type { AdminGateway } from "../support/admin-gateway.ts";
import type { FaultProxy } from "../support/fault-proxy.ts";
import { loseAnswer, startFaultProxy } from "../support/fault-proxy.ts";
import { createVisitor, goThereAndBack, OIDC_RULES, startOidcGateway } from "../support/oidc-gateway.ts";
import type { RealIssuer } from "../support/real-issuer.ts";
import { startRealIssuer } from "../support/real-issuer.ts";

const PASSWORD = "seven herons over the weir";
const STATEMENT = "holdfast.session (";

let issuer: RealIssuer;
let gateway: AdminGateway;
let proxy: FaultProxy;

beforeAll(async () => {
  issuer = await startRealIssuer();
  gateway = await startOidcGateway({ ...OIDC_RULES, issuer: issuer.url }, ["127.0.0.0/8"], {
    reach: async (url) => {
      proxy = await startFaultProxy(url);
      return proxy.url;
    },
  });
  issuer.register(gateway.url);
});
afterAll(async () => {
  await gateway.close();
  await proxy.close();
  await issuer.close();
});

const come = (subject: string, email: string): void => {
  issuer.accounts.set(subject, { email, email_verified: true, name: "Ada", groups: ["owners"] });
  issuer.comesAs = subject;
};

const connect = async (): Promise<() => Promise<{ status: number; body: Record<string, unknown> }>> => {
  const email = "grace@example.com";
  const person = { email, role: "responder", password: PASSWORD };
  expect((await gateway.call("POST", "/people", person)).status).toBe(201);
  const visitor = createVisitor(gateway.url);
  await visitor.post("/session", { email, password: PASSWORD });
  const begun = await visitor.post("/session/oidc/connect", { current: PASSWORD });
  const query = await visitor.visit(String(begun.body["url"]));
  return () => visitor.post("/session/oidc/return", { query });
};

it.each([
  {
    account: "added",
    subject: "u-1",
    those: 1,
    begin: async () => async () => (await goThereAndBack(gateway.url)).back,
  },
  { account: "connected", subject: "u-2", those: 2, begin: connect },
])(
  "an account that is $account on the way back is in the audit, though the answer to its COMMIT is lost",
  async (row) => {
    const { account, subject, those, begin } = row;
    come(subject, `${subject}@example.com`);
    const end = await begin();
    loseAnswer(proxy, STATEMENT, "COMMIT\0");
    const back = await end();
    proxy.toServer = null;
    proxy.toClient = null;
    expect([back.status, back.body["detail"]]).toEqual([503, expect.stringContaining("Look whether it was made")]);
    const people = (await gateway.call("GET", "/people")).body as { items: { issuer: string | null }[] };
    expect(people.items.filter((person) => person.issuer === issuer.url)).toHaveLength(those);
    const audit = (await gateway.call("GET", "/audit?limit=1")).body as { items: object[] };
    const told = { action: "POST /session/oidc/return", detail: { account, subject, issuer: issuer.url } };
    expect(audit.items).toMatchObject([told]);
  },
);
