import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { IngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import { PAYMENTS, startIngestGateway } from "../../gateway/test/support/ingest-gateway.ts";
import type { RealIssuer } from "../../gateway/test/support/real-issuer.ts";
import { startRealIssuer } from "../../gateway/test/support/real-issuer.ts";
import type { Dashboard, DashboardOptions } from "./support/dashboard.ts";
import { expectSound, useBrowser } from "./support/dashboard.ts";
import { comeBackToTab, expectSlowAndFaulty, LOOKS, refuse } from "./support/screen-states.ts";

const EMAIL = "grace@example.com";
// With spaces at its ends, which belong to it.
const PASSWORD = " seven herons over the weir ";

const browser = useBrowser();
let issuer: RealIssuer;
let gateway: IngestGateway;

beforeAll(async () => {
  // To a browser another site than the gateway's 127.0.0.1, as a provider's is.
  issuer = await startRealIssuer("localhost");
  const { clientId, clientSecret } = issuer;
  const oidc = { issuer: issuer.url, clientId, clientSecret, name: "Example Login", roles: { "on-call": "operator" } };
  const scopes = ["email", "profile", "groups"];
  const egress = { allowCidrs: ["127.0.0.0/8", "::1/128"] };
  gateway = await startIngestGateway({ content: { ...PAYMENTS, egress, oidc: { ...oidc, scopes } } });
  issuer.register(gateway.adminUrl);
  const admin = await open(await gateway.gateway.signInLink());
  await admin.open("/keys");
  await admin.page.getByRole("button", { name: "Add somebody" }).click();
  const dialog = admin.page.getByRole("dialog");
  await dialog.getByLabel("Email address").fill(EMAIL);
  await dialog.getByLabel("Password").fill(PASSWORD);
  await dialog.getByRole("button", { name: "Add them" }).click();
  await admin.page.getByText(EMAIL).waitFor();
  await admin.context.close();
});
afterAll(async () => {
  await gateway.close();
  await issuer.close();
});
beforeEach(() => {
  issuer.accounts.set("u-1", { email: "ada@example.com", email_verified: true, name: "Ada", groups: ["on-call"] });
  issuer.comesAs = "u-1";
});

function open(link: string | null, options?: DashboardOptions): Promise<Dashboard> {
  return browser.openDashboard(gateway.adminUrl, link!, options);
}

const SIGN_IN = "text=Sign in with Example Login";

const openSignIn = (path = "/", options: DashboardOptions = {}) =>
  open(`${gateway.adminUrl}${path}`, { ...options, arrivesAt: SIGN_IN });

async function signInByPassword(): Promise<Dashboard> {
  const dashboard = await openSignIn("/account");
  const { page } = dashboard;
  await page.getByRole("button", { name: "Sign in with email and password" }).click();
  await page.getByLabel("Email").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Your account" }).waitFor();
  return dashboard;
}

describe("the OpenID provider's button", () => {
  it("leads there and back to the screen that was wanted, and signing out leads out there too", async () => {
    const dashboard = await openSignIn("/rejections?reason=no_match");
    const { page } = dashboard;
    await page.getByRole("button", { name: "Sign in with Example Login" }).click();
    await page.getByRole("heading", { name: "Rejections", level: 1 }).waitFor();
    expect(page.url()).toBe(`${gateway.adminUrl}/rejections?reason=no_match`);
    await expectSound(dashboard);
    await dashboard.open("/account");
    await page.getByText(issuer.url).waitFor();
    await expectSound(dashboard);
    const cookies = await dashboard.context.cookies(gateway.adminUrl);
    const session = cookies.find(({ name }) => name === "holdfast_session");
    expect(session).toMatchObject({ httpOnly: true, sameSite: "Strict" });
    expect(await page.evaluate("document.cookie + JSON.stringify({...localStorage, ...sessionStorage})")).not.toMatch(
      /code|token|session/,
    );
    await page.getByRole("button", { name: "Sign out Ada" }).click();
    await page.locator(SIGN_IN).waitFor();
    expect(page.url()).toBe(`${gateway.adminUrl}/`);
    expect(issuer.asked).toContain("/session/end/confirm");
    await dashboard.context.close();
  });

  it("leads back to what is wrong, with the request's id and the page that helps, and takes the code out of the address", async () => {
    issuer.accounts.set("u-1", { email: "ada@example.com", email_verified: true, name: "Ada", groups: [] });
    const dashboard = await openSignIn();
    const { page } = dashboard;
    await page.getByRole("button", { name: "Sign in with Example Login" }).click();
    const alert = page.getByRole("alert");
    await alert.getByText("No group in the claim groups has a role here", { exact: false }).waitFor();
    await alert.getByText("sign_in_refused").waitFor();
    await page.getByText("docs/runbooks/sign-in-provider.md").waitFor();
    expect(page.url()).toBe(`${gateway.adminUrl}/sign-in/return`);
    expect(await dashboard.findBarriers()).toEqual([]);
    expect(dashboard.faults.filter((fault) => !/status of 403/.test(fault))).toEqual([]);
    await page.getByRole("button", { name: "Back to the sign-in page" }).click();
    await page.locator(SIGN_IN).waitFor();
    await dashboard.context.close();
  });

  it("connects an account with a password, and the page is sound in every look", async () => {
    for (const look of LOOKS) {
      const sign = await openSignIn("/", look);
      expect(await sign.width()).toBeLessThanOrEqual(look.viewport.width);
      await expectSound(sign);
      await sign.context.close();
    }
    issuer.accounts.set("u-2", { email: EMAIL, email_verified: true, name: "Grace", groups: ["on-call"] });
    issuer.comesAs = "u-2";
    const dashboard = await signInByPassword();
    const { page } = dashboard;
    await page.getByLabel("Your password").fill(PASSWORD);
    await page.getByRole("button", { name: "Connect with Example Login" }).click();
    await page.getByText("You come through").waitFor();
    await expectSound(dashboard);
    await page.getByLabel("Your password").fill(PASSWORD);
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.getByRole("button", { name: "Connect with Example Login" }).waitFor();
    await dashboard.context.close();
  });
});

describe("your account", () => {
  it("changes the password: the old one is asked, other browsers are out, this one stays", async () => {
    const other = await signInByPassword();
    const dashboard = await signInByPassword();
    const { page } = dashboard;
    const change = async (current: string, next: string, again = next) => {
      await page.getByLabel("Present password").fill(current);
      await page.getByLabel("New password", { exact: true }).fill(next);
      await page.getByLabel("New password, once more").fill(again);
      await page.getByRole("button", { name: "Change the password" }).click();
    };
    await change(PASSWORD, "a kettle that never sings", "another one");
    await page.getByText("is not the same as above").waitFor();
    await change("not the password at all", "a kettle that never sings");
    await page.getByText("is not your password").waitFor();
    await change(PASSWORD, "short");
    await page.getByText("must have at least 12 characters", { exact: false }).waitFor();
    expect(await dashboard.findBarriers()).toEqual([]);
    await change(PASSWORD, "a kettle that never sings");
    await page.getByText("Your password is changed").waitFor();
    await dashboard.open("/account");
    await page.getByText(EMAIL).waitFor();
    await other.page.goto(`${gateway.adminUrl}/account`);
    await other.page.locator(SIGN_IN).waitFor();
    const audited = await gateway.query("SELECT actor FROM holdfast.audit WHERE action = 'POST /session/password'");
    expect(audited).toHaveLength(1);
    await other.context.close();
    await expectSlowAndFaulty(dashboard, "/account", /\/api\/v1\/session\/account/);
  });

  it("says to a key or a link that it has none, and is sound in every look", async () => {
    for (const look of LOOKS) {
      const dashboard = await open(await gateway.gateway.signInLink(), look);
      await dashboard.open("/account");
      await dashboard.page.getByText("A key or a one-time link has no account", { exact: false }).waitFor();
      expect(await dashboard.width()).toBeLessThanOrEqual(look.viewport.width);
      await expectSound(dashboard);
      await dashboard.context.close();
    }
  });
});

describe("a session that ends in an open tab", () => {
  const endings: readonly (readonly [string, (page: Dashboard["page"]) => Promise<unknown>])[] = [
    ["by signing out", (page) => page.getByRole("button", { name: "Sign out" }).click()],
    [
      "in the database, while a screen polls",
      () => gateway.query("UPDATE holdfast.session SET ended_at = now() WHERE ended_at IS NULL"),
    ],
  ];

  it.each(endings)("%s leads to the sign-in page, and is looked at no further", async (_, end) => {
    const dashboard = await open(await gateway.gateway.signInLink());
    const { page } = dashboard;
    await dashboard.open("/queue");
    await page.getByText("Nothing waits").waitFor();
    let looks = 0;
    page.on("request", (request) => {
      if (request.method() === "GET" && request.url().endsWith("/api/v1/session")) looks++;
    });
    await end(page);
    await page.getByLabel("API key").waitFor();
    // One round trip later a look that follows from a look would have been seen.
    await page.evaluate("fetch('/healthz').then(() => undefined)");
    expect(looks).toBeLessThanOrEqual(2);
    await expectSound(dashboard);
    await dashboard.context.close();
  });

  it("has not ended where signing out fails: that is said, and how to try again", async () => {
    const dashboard = await open(await gateway.gateway.signInLink());
    const { page } = dashboard;
    await dashboard.open("/queue");
    await page.getByText("Nothing waits").waitFor();
    await refuse(page, /\/api\/v1\/session$/, "DELETE");
    await page.getByRole("button", { name: "Sign out" }).click();
    const dialog = page.getByRole("dialog", { name: "You are still signed in" });
    await dialog.getByRole("alert").getByText("The database cannot be reached").waitFor();
    await dialog.getByText("req_0001").waitFor();
    expect(await dashboard.findBarriers()).toEqual([]);
    expect(dashboard.faults.filter((fault) => !/status of 503/.test(fault))).toEqual([]);
    await dialog.getByRole("button", { name: "Close" }).click();
    await page.getByText("Nothing waits").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await dialog.waitFor();
    await page.unroute(/\/api\/v1\/session$/);
    await dialog.getByRole("button", { name: "Try again" }).click();
    await page.getByLabel("API key").waitFor();
    await dashboard.context.close();
  });

  it("is known by a 401 alone: another fault of the look at it leaves the screen and its form, and is asked away", async () => {
    const dashboard = await open(await gateway.gateway.signInLink());
    const { page } = dashboard;
    await page.clock.install();
    await dashboard.open("/queue");
    await page.getByRole("button", { name: "Slow down" }).click();
    const why = page.getByRole("dialog").getByLabel("Why");
    await why.fill("the ledger is being moved");
    await refuse(page, /\/api\/v1\/session$/);
    await comeBackToTab(page);
    const bar = page.getByText("The gateway does not answer").filter({ visible: true });
    await bar.waitFor();
    expect(await why.inputValue()).toBe("the ledger is being moved");
    expect(await dashboard.findBarriers()).toEqual([]);
    await page.unroute(/\/api\/v1\/session$/);
    await page.clock.fastForward(5_000);
    await bar.waitFor({ state: "detached" });
    expect(await why.inputValue()).toBe("the ledger is being moved");
    await dashboard.context.close();
  });

  it("is told at the form when the key is wrong, and the form stays as it was filled in", async () => {
    const dashboard = await openSignIn("/queue");
    const { page } = dashboard;
    await page.getByLabel("API key").fill("hfk_nobody_has_this_one");
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByText("No valid API key", { exact: false }).waitFor();
    expect(await page.getByLabel("API key").inputValue()).toBe("hfk_nobody_has_this_one");
    await dashboard.context.close();
  });
});
