import { expect, it, onTestFinished } from "vitest";
import type { Speaker, Standing, Turns } from "../../src/http/turns.ts";
import { TURN_REQUESTS_MAX, createTurns } from "../../src/http/turns.ts";
import { FORGED, RECORDED, openBareDoor } from "../support/bare-door.ts";
import { openRaw, requestBytes } from "../support/raw-http.ts";

/** Turns whose moments the test gives, and connections that only note whether they are read. */
function openTurns() {
  const steps: (() => void)[] = [];
  const moment = { ms: 0 };
  const turns = createTurns({ now: () => new Date(0), monotonicMs: () => moment.ms }, (step) => steps.push(step));
  const unread = new Map<Speaker, Standing>();
  const rest = (standing: Standing, times: number): void => {
    for (let i = 0; i < times; i++) {
      const speaker = { destroyed: false } as Speaker & { pause: unknown; resume: unknown };
      speaker.pause = () => (unread.set(speaker, standing), speaker as never);
      speaker.resume = () => (unread.delete(speaker), speaker as never);
      turns.rest(speaker, standing);
    }
  };
  const waiting = (standing: Standing): number => [...unread.values()].filter((one) => one === standing).length;
  return { turns, moment, unread, rest, waiting, turn: () => steps.splice(0).forEach((step) => step()) };
}

function press(turns: Turns): void {
  for (let i = 0; i <= TURN_REQUESTS_MAX; i++) turns.begin();
}

it("lets every connection go on at once while few speak", () => {
  const { turns, rest, unread } = openTurns();
  for (let i = 0; i < TURN_REQUESTS_MAX; i++) turns.begin();
  for (const standing of ["critical", "new", "high", "normal", "low"] as const) rest(standing, 10);
  expect(unread.size).toBe(0);
});

it("reads so many a turn when many speak, most of the urgent ones, and some of each", () => {
  const { turns, rest, unread, waiting, turn } = openTurns();
  press(turns);
  const standings = ["critical", "new", "high", "normal", "low", "refused"] as const;
  for (const standing of standings) rest(standing, 100);
  turn();
  expect(unread.size).toBe(600 - TURN_REQUESTS_MAX);
  expect(standings.map((standing) => 100 - waiting(standing))).toEqual([24, 16, 8, 8, 4, 4]);
  for (let i = 0; i < 9; i++) turn();
  expect(unread.size).toBe(0);
});

it("keeps its turns short while each brings another connection, for one is taken a turn", () => {
  const { turns, rest, unread, turn } = openTurns();
  press(turns);
  rest("normal", 100);
  turns.arrive({ destroyed: false, pause: () => undefined, resume: () => undefined } as never);
  turn();
  expect(100 - unread.size).toBe(3);
  turn();
  expect(100 - unread.size).toBe(3 + TURN_REQUESTS_MAX);
});

it("lets those that were not genuine wait always, a few a turn, and tells of no wait of theirs", () => {
  const { turns, rest, moment, waiting, turn } = openTurns();
  rest("suspect", 40);
  expect(waiting("suspect")).toBe(40);
  moment.ms = 900;
  expect(turns.waitedMs()).toBe(0);
  turn();
  expect(waiting("suspect")).toBe(32);
  press(turns);
  rest("low", 200);
  moment.ms = 1_000;
  expect(turns.waitedMs()).toBe(100);
  turn();
  expect([waiting("suspect"), waiting("low")]).toEqual([24, 200 - TURN_REQUESTS_MAX]);
});

it("counts no wait of those that come again at once though they were asked to come later", () => {
  const { turns, rest, moment, waiting, turn } = openTurns();
  press(turns);
  rest("refused", 200);
  moment.ms = 5_000;
  expect(turns.waitedMs()).toBe(0);
  turn();
  expect(waiting("refused")).toBe(200 - TURN_REQUESTS_MAX);
});

it("answers everything that many connections send at once, whoever they are, in its order", async () => {
  const { url, turns } = await openBareDoor({
    ingest: async ({ source }) => (source.name.startsWith("forged") ? FORGED : RECORDED),
    classOf: ({ source }) => (source.name.startsWith("urgent") ? "critical" : "low"),
  });
  const kinds = ["urgent-source", "forged-source", "plain-source"] as const;
  const requests = (kind: string) => requestBytes(`POST /in/${kind}`, [], "x".repeat(300));
  const statuses = await Promise.all(
    Array.from({ length: 240 }, async (_, i) => {
      const kind = kinds[i % 3]!;
      const connection = await openRaw(url);
      onTestFinished(() => connection.end());
      const own: number[] = [];
      await connection.send(Buffer.concat([requests(kind), requests(kind)]));
      for (let n = 0; n < 2; n++) own.push((await connection.answer()).status);
      for (let n = 0; n < 3; n++) {
        await connection.send(requests(kind));
        own.push((await connection.answer()).status);
      }
      return own.join();
    }),
  );
  expect(new Set(statuses.filter((_, i) => i % 3 !== 1))).toEqual(new Set(["200,200,200,200,200"]));
  expect(new Set(statuses.filter((_, i) => i % 3 === 1))).toEqual(new Set(["401,401,401,401,401"]));
  expect(turns.waitedMs()).toBe(0);
});
