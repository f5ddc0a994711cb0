import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Arrival, History, Move, Row } from "../../../proof/checker/check-moves.mjs";
import { checkMoves } from "../../../proof/checker/check-moves.mjs";
import { LEGAL_MOVES } from "../../src/domain/delivery.ts";

const BOUNDS = { legal: LEGAL_MOVES.map(({ from, to }) => [from, to] as const), leaseMaxMs: 60_000 };
const MINIMUM = { moves: 60, edges: 6, arrivals: 20, ordered: 3, replayed: 2, changes: 2 };

/** Twenty deliveries, each with a retry in the middle; three keep an order, two are of a replay. */
function cleanHistory(): History {
  const history: History = {
    moves: [],
    rows: [],
    arrivals: [],
    ordered: [],
    changes: ["chg_1", "chg_2"],
    account: ["chg_1", "chg_2"],
  };
  for (let n = 0; n < 20; n++) {
    const id = `dlv_${n}`;
    const at = n * 1_000;
    const isDead = n === 19;
    const steps: [string | null, string, string | null][] = [
      [null, "ready", null],
      ["ready", "leased", `${id}_a`],
      ["leased", "scheduled", `${id}_a`],
      ["scheduled", "ready", null],
      ["ready", "leased", `${id}_b`],
      ["leased", isDead ? "dead" : "processed", `${id}_b`],
    ];
    steps.forEach(([from, to, lease], i) => history.moves.push({ delivery: id, from, to, lease, t: at + i * 10 }));
    const row: Row = {
      id,
      tenant: "default",
      event: `evt_${n}`,
      destination: "app",
      key: id,
      state: isDead ? "dead" : "processed",
      replay: n > 16 && !isDead ? "rpl_1" : null,
      claims: 2,
      attempts: 2,
    };
    history.rows.push(row);
    for (const t of [at + 15, at + 45]) history.arrivals.push({ key: id, tenant: "default", destination: "app", t });
    if (n < 3) history.ordered.push({ key: "customer", delivery: id, sentAt: at - 5, ackedAt: at - 1 });
  }
  return history;
}

const alter = <Item>(list: Item[], isIt: (item: Item) => boolean, change: Partial<Item>): void => {
  const at = list.findIndex(isIt);
  list[at] = { ...list[at]!, ...change };
};
const move = (h: History, id: string, to: string, change: Partial<Move>): void =>
  alter(h.moves, (m) => m.delivery === id && m.to === to, change);
const row = (h: History, id: string, change: Partial<Row>): void => alter(h.rows, (r) => r.id === id, change);
const arrival = (h: History, key: string, change: Partial<Arrival>): void =>
  alter(h.arrivals, (a) => a.key === key, change);

const PLANTED: readonly [fault: string, rule: string, plant: (history: History) => void][] = [
  ["a move that no table has", "a move that the table of states has not", (h) => {
    move(h, "dlv_7", "scheduled", { to: "held" });
    move(h, "dlv_7", "ready", { from: "processed" });
  }],
  ["a move from a state that it was not in", "a move that the table of states has not", (h) => {
    h.moves.splice(h.moves.findIndex((m) => m.delivery === "dlv_7" && m.to === "scheduled"), 1);
  }],
  ["an outcome of one process while another holds the lease", "ended by a lease that was not the latest", (h) => {
    move(h, "dlv_7", "leased", { by: "first", until: 90_000 });
    move(h, "dlv_7", "scheduled", { by: "second" });
  }],
  ["a delivery that comes back from its end", "a move out of an end", (h) => {
    h.moves.push({ delivery: "dlv_7", from: "processed", to: "ready", lease: null, t: 9_000 });
  }],
  ["a row that says otherwise than its moves", "a row that is not where its last move put it", (h) => row(h, "dlv_7", { state: "dead" })],
  ["an outcome by a lease that was lost", "ended by a lease that was not the latest", (h) => move(h, "dlv_7", "processed", { lease: "dlv_7_a" })],
  ["an outcome without a lease", "ended by a lease that was not the latest", (h) => move(h, "dlv_7", "processed", { lease: null })],
  ["a token that comes again", "a lease's token used for two claims", (h) => {
    for (const m of h.moves) if (m.delivery === "dlv_7" && m.lease !== null) m.lease = "dlv_7_a";
  }],
  ["a lease of four hours", "a lease held beyond its end and the next look", (h) => {
    move(h, "dlv_7", "processed", { t: 7_040 + 4 * 3_600_000 });
  }],
  ["a lease that nobody takes back", "a lease held beyond its end and the next look", (h) => {
    h.moves.splice(h.moves.findIndex((m) => m.delivery === "dlv_7" && m.to === "processed"), 1);
    row(h, "dlv_7", { state: "leased" });
  }],
  ["an attempt that nobody claimed", "more attempts than claims", (h) => row(h, "dlv_7", { attempts: 3 })],
  ["another tenant's delivery", "arrived at another destination or for another tenant", (h) => arrival(h, "dlv_7", { tenant: "other" })],
  ["a delivery at the wrong door", "arrived at another destination or for another tenant", (h) => arrival(h, "dlv_7", { destination: "billing" })],
  ["one more request after the end", "arrived after it was processed", (h) => {
    h.arrivals.push({ key: "dlv_7", tenant: "default", destination: "app", t: 7_060 });
  }],
  ["two of one key in the wrong order", "the order of a key was not kept", (h) => arrival(h, "dlv_1", { t: 30 })],
  ["the next one while the first waits for its retry", "the order of a key was not kept", (h) => move(h, "dlv_0", "processed", { t: 1_020 })],
  ["a replay that makes two of one", "two deliveries of one replay for one event and destination", (h) => row(h, "dlv_18", { event: "evt_17" })],
  ["a change that nobody can look up", "a change without its entry in the account, or an entry without its change", (h) => h.account.splice(0, 1)],
  ["an entry of a change that never was", "a change without its entry in the account, or an entry without its change", (h) => h.account.push("chg_9")],
]; // prettier-ignore

test("a clean history of moves holds, and says what it has seen", () => {
  const verdict = checkMoves(cleanHistory(), BOUNDS, MINIMUM);
  expect(verdict.rules.filter(({ broken }) => broken > 0)).toEqual([]);
  expect(verdict).toMatchObject({ verdict: "holds", unseen: [], figures: { moves: 120, edges: 6, replayed: 2 } });
});

test.each(PLANTED)('%s is caught by "%s"', (_fault, rule, plant) => {
  const history = cleanHistory();
  plant(history);
  const verdict = checkMoves(history, BOUNDS, MINIMUM);
  expect(verdict.verdict).toBe("broken");
  expect(verdict.rules.filter(({ broken }) => broken > 0).map(({ name }) => name)).toContain(rule);
});

test("every rule of the moves is broken by at least one planted fault, and docs/proof.md lists them", () => {
  const all = checkMoves(cleanHistory(), BOUNDS, MINIMUM).rules.map(({ name }) => name);
  expect(all.filter((name) => !PLANTED.some(([, rule]) => rule === name))).toEqual([]);
  const page = readFileSync(new URL("../../../docs/proof.md", import.meta.url), "utf8");
  const table = page.split("| rule of the moves | promise |")[1]?.split("\n\n")[0] ?? "";
  expect([...table.matchAll(/^\| ([^|]+?) \| [\d, ]+ \|$/gm)].map((match) => match[1])).toEqual(all);
});

test("a history without moves is unknown, never good", () => {
  const empty: History = { moves: [], rows: [], arrivals: [], ordered: [], changes: [], account: [] };
  const verdict = checkMoves(empty, BOUNDS, MINIMUM);
  expect([verdict.verdict, verdict.unseen.length]).toEqual(["unknown", Object.keys(MINIMUM).length]);
});
