import { complain, type Shell } from "./shell.ts";

/** A flag that holds a number, as it was typed, and what it may be. */
interface NumberFlag {
  readonly name: string;
  /** Undefined when it was not given. */
  readonly text: string | undefined;
  readonly min: number;
  readonly max: number;
  /** Decimals are taken as well. */
  readonly fraction?: true;
  readonly json: boolean;
}

/**
 * The number that a flag holds: digits, with a decimal point where fractions are taken. Not as JavaScript reads it: an unset variable in a
 * script arrives as an empty text, which `Number` takes for 0, and that is often the gravest of all values.
 *
 * @returns undefined when the flag was not given; null, and a complaint printed, when it holds none, or one out of bounds
 */
export function readNumber(shell: Shell, flag: NumberFlag & { readonly text: string }): number | null;
export function readNumber(shell: Shell, flag: NumberFlag): number | null | undefined;
export function readNumber(shell: Shell, { name, text, min, max, fraction, json }: NumberFlag) {
  if (text === undefined) return undefined;
  const value = (fraction === true ? /^\d{1,15}(\.\d{1,15})?$/ : /^\d{1,15}$/).test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  const kind = fraction === true ? "number" : "whole number";
  const problem = `--${name} must be a ${kind} from ${min} to ${max}, not ${JSON.stringify(text.slice(0, 100))}`;
  complain(shell, { problem, badInput: true }, json);
  return null;
}
