import { nameType } from "../domain/field-checks.ts";
import type { Steps } from "../domain/saturation.ts";
import type { Reading, Setting } from "./setting.ts";
import { listOf } from "./setting.ts";

/**
 * Four thresholds: where low and normal are slowed down, where low is refused, where normal is, and where high is. In a
 * variable separated by commas, in the file a list of numbers or the same text.
 */
export function steps(
  order: "rising" | "falling",
  max: number,
  facts: { readonly fallback: Steps; readonly variable: string; readonly meaning: string },
): Setting<Steps> {
  const range = `four ${order} numbers, 1 to ${max}`;
  const list = listOf(range, (text) => readStep(text, max), facts);
  return {
    ...list,
    fallback: facts.fallback,
    read: (raw) => {
      const reading = list.read(Array.isArray(raw) ? Array.from(raw, writeStep) : raw);
      return reading.ok ? checkSteps(reading.value, order) : reading;
    },
  };
}

/** Anything else than a number or text by the name of its kind: not everything can be made into text. */
function writeStep(item: unknown): string {
  return typeof item === "number" || typeof item === "string" ? String(item) : nameType(item);
}

function readStep(text: string, max: number): Reading<number> {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= max) return { ok: true, value };
  return {
    ok: false,
    problem: `must hold whole numbers from 1 to ${max}; it holds ${JSON.stringify(text.slice(0, 40))}`,
  };
}

function checkSteps(values: readonly number[], order: "rising" | "falling"): Reading<Steps> {
  const [first, second, third, fourth] = values;
  if (first === undefined || second === undefined || third === undefined || fourth === undefined || values.length > 4)
    return { ok: false, problem: `must be four numbers; there are ${values.length}` };
  const inOrder = values.every((value, i) => i === 0 || (value - values[i - 1]!) * (order === "rising" ? 1 : -1) >= 0);
  if (!inOrder) return { ok: false, problem: `must be ${order}; it is ${values.join(",")}` };
  return { ok: true, value: [first, second, third, fourth] };
}
