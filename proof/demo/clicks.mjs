// From a cold look at the Overview to the cause, the events that it has hit, and the safe fix: counted in clicks, in a browser.
import { chromium } from "playwright-core";

const BROWSER = process.env.HOLDFAST_BROWSER ?? "/usr/bin/chromium";
/** The bar: what somebody who was woken up may have to click. */
export const CLICKS_MAX = 4;
const WAIT_MS = 60_000;

/**
 * What is wrong in the story, and the way through it: each step is what is clicked, and what the screen then tells.
 *
 * `seen` is one of `cause`, `events`, `fix`; the last step of each way is the fix itself.
 */
const WAYS = [
  {
    incident: "the secret of stripe-payments was retired before Stripe had the new one",
    steps: [
      {
        click: ["link", /requests? (?:was|were) rejected in ten minutes/],
        tells: [
          ["cause", "By cause"],
          ["events", "One by one"],
        ],
      },
      { click: ["button", "Replay", "stripe-payments"], tells: [["fix", /^Replay \d+ into events$/]] },
      { click: ["button", /^Replay \d+ into events$/], tells: [["fixed", /\d+ replayed/]] },
    ],
  },
  {
    incident: "the CRM refuses what it does not know",
    steps: [
      {
        click: ["link", /for crm failed permanently/],
        tells: [
          ["cause", /unknown field/],
          ["events", "One by one"],
        ],
      },
      { click: ["button", /^Retry \d+: crm/], tells: [["fix", /^Retry \d+ deliver(?:y|ies)$/]] },
      { click: ["button", /^Retry \d+ deliver(?:y|ies)$/], tells: [["fixed", /were retried|was retried/]] },
    ],
  },
  {
    incident: "the warehouse is down",
    steps: [
      { click: ["link", /warehouse fails most attempts/], tells: [["cause", "What is delivered here"]] },
      { click: ["link", "See what it holds"], tells: [["events", "Events"]] },
      // Nothing is to be done but to wait: what is held follows by itself. Whoever wants no probes pauses it.
      { click: ["back"], tells: [["fix", "Pause"]] },
    ],
  },
];

/**
 * Walks each way from the Overview and counts.
 *
 * @param {{ gateway: { adminUrl: string, signInLink(): Promise<string> } }} stage
 * @returns {Promise<{ incident: string, clicks: string[] }[]>} throws when a screen does not tell what it should
 */
export async function walkWays({ gateway }) {
  // Whoever runs this ends in order at a signal; the browser's own handlers would end the process before.
  const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  const browser = await chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox"], ...signals });
  try {
    const page = await (await browser.newContext({ viewport: { width: 1_360, height: 900 } })).newPage();
    page.setDefaultTimeout(WAIT_MS);
    await page.goto(await gateway.signInLink());
    await page.locator("#content").waitFor();
    const walked = [];
    for (const { incident, steps } of WAYS) {
      await page.goto(gateway.adminUrl);
      const clicks = [];
      for (const step of steps) clicks.push(await take(page, step));
      walked.push({ incident, clicks });
    }
    return walked;
  } finally {
    await browser.close();
  }
}

async function take(page, { click: [role, name, within], tells }) {
  const target =
    role === "back"
      ? null
      : (within === undefined ? page : page.locator("li", { hasText: within })).getByRole(role, {
          name,
          exact: typeof name === "string",
        });
  const label = target === null ? "Back" : await wordsOf(target.first());
  if (target === null) await page.goBack();
  else await target.first().click();
  for (const [, text] of tells) {
    const shown = page.getByText(text, { exact: typeof text === "string" }).filter({ visible: true });
    await shown.first().waitFor();
  }
  return `${label}: ${tells.map(([what]) => what).join(", ")}`;
}

async function wordsOf(locator) {
  const text = (await locator.getAttribute("aria-label")) ?? (await locator.innerText());
  return text.replaceAll(/\s+/g, " ").trim();
}
