import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { runCli } from "../support/cli.ts";
import type { Desk } from "../support/delivery-gateway.ts";
import { openDesk } from "../support/delivery-gateway.ts";
import type { ReplayGateway } from "../support/replay-desk.ts";
import { openService, settled, startReplayGateway } from "../support/replay-desk.ts";

/** The commands of a page, in their order. */
async function commandsOf(name: string): Promise<string[]> {
  const page = await readFile(new URL(`../../../docs/runbooks/${name}`, import.meta.url), "utf8");
  return [...page.matchAll(/^```sh\n([\s\S]*?)\n```$/gm)].flatMap((match) => match[1]!.split("\n"));
}

/** Runs one command of a page; 1 is what `status` and `doctor` say when something is wrong. */
async function run(gateway: ReplayGateway, command: string, codes: readonly number[] = [0]): Promise<string> {
  const [npx, holdfast, ...args] = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);
  expect([npx, holdfast]).toEqual(["npx", "holdfast"]);
  const { adminUrl, adminToken } = gateway.gateway;
  const result = await runCli([...args, "--url", adminUrl!, "--token", adminToken!], { cwd: "/" });
  expect(codes, `${command}: ${result.stderr}`).toContain(result.code);
  return result.stdout;
}

async function gatewayWith(answer: () => number) {
  const desk: Desk = await openDesk();
  const service = await openService();
  service.answer = answer;
  const gateway = await startReplayGateway(desk, { destinations: { billing: { url: service.url } } });
  return { desk, service, gateway };
}

it("the page on a destination that is down holds it, lets it go on, and loses nothing", async () => {
  const { desk, service, gateway } = await gatewayWith(() => 200);
  const [list, held, pause, resume, dead] = await commandsOf("destination-down.md");
  expect(await run(gateway, list!)).toContain("billing");
  expect(await run(gateway, pause!)).toContain("billing is paused");
  for (let i = 0; i < 4; i++) expect(await gateway.post(`evt_${i}`)).toBe(200);
  expect(await run(gateway, list!)).toContain("paused");
  await expect.poll(() => run(gateway, held!)).toContain("npx holdfast destinations resume billing");
  expect(service.effects.size).toBe(0);
  expect(await run(gateway, resume!)).toContain("billing is active");
  await expect.poll(() => service.effects.size).toBe(4);
  await settled(desk);
  expect(await run(gateway, dead!)).toContain("No dead letters.");
});

it.each(["burst.md", "database-full.md"])(
  "the page %s can be followed to its end, and leaves no throttle",
  async (name) => {
    const { service, gateway } = await gatewayWith(() => 200);
    const commands = await commandsOf(name);
    expect(commands.length).toBeGreaterThanOrEqual(5);
    let isSet = false;
    for (const command of commands) {
      await run(gateway, command, /holdfast (?:status|doctor)/.test(command) ? [0, 1] : [0]);
      if (/throttle set/.test(command)) {
        isSet = true;
        expect(await run(gateway, "npx holdfast throttle show")).toContain("low");
      }
    }
    expect(isSet).toBe(true);
    const shown = await run(gateway, "npx holdfast throttle show --json");
    expect(JSON.parse(shown)).toMatchObject({ throttles: [] });
    expect(await gateway.post("evt_after")).toBe(200);
    await expect.poll(() => service.effects.size).toBe(1);
  },
);

it("every page is linked from the ones that lead to it", async () => {
  for (const name of ["destination-down.md", "burst.md", "database-full.md"]) {
    const page = await readFile(new URL(`../../../docs/runbooks/${name}`, import.meta.url), "utf8");
    expect(page).toMatch(/^## When to stop$/m);
    expect(page).toMatch(/^Guardrails: /m);
  }
});
