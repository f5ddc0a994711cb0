// The ids of the checkers' rules, after the families that docs/proof.md explains: L nothing is lost and nothing invented,
// D nothing twice, O order, S states and leases, R replay, A account, T comes to an end.
const IDS = {
  "acked and lost": "L1",
  "stored otherwise than sent": "L1",
  "stored but never sent, or forged": "L2",
  "forgery acknowledged": "L3",
  "genuine and refused for good": "L8",
  "event without delivery": "L4",
  "delivery without its event": "L4",
  "not finished after the drain": "L4",
  "called processed without an answered arrival": "L5",
  "processed without an effect": "L5",
  "dead, although the receiver refused nothing for good": "L6",
  "arrived with other bytes than sent": "L7",
  "arrived without a delivery of that key": "L7",
  "arrived with a signature that does not verify": "L7",
  "arrived at another destination or for another tenant": "L7",
  "webhook-id and idempotency-key differ": "L7",
  "answered with another event's id": "D1",
  "stored twice": "D1",
  "duplicate answered but not counted": "D1",
  "event with a second delivery": "D1",
  "second effect for an idempotency key": "D2",
  "second effect for a provider's event": "D2",
  "more redeliveries than the faults explain": "D3",
  "arrived after it was processed": "D4",
  "the order of a key was not kept": "O1",
  "a move that the table of states has not": "S1",
  "a move out of an end": "S1",
  "a row that is not where its last move put it": "S1",
  "ended by a lease that was not the latest": "S2",
  "a lease's token used for two claims": "S2",
  "attempts that do not add up": "S3",
  "more attempts than claims": "S3",
  "two deliveries of one replay for one event and destination": "R1",
  "a change without its entry in the account, or an entry without its change": "A1",
  "a lease held beyond its end and the next look": "T1",
};

/**
 * A checker's rules with their ids.
 *
 * @param {readonly { name: string, broken: number, examples: readonly string[] }[]} rules
 * @returns {import("./report.d.ts").JudgedRule[]}
 */
export const identifyRules = (rules) => rules.map((rule) => ({ id: IDS[rule.name] ?? null, ...rule }));
