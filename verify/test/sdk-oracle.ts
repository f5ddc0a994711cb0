import type { VerifyInput } from "../src/index.ts";
import { pairs } from "./samples.ts";

/** A provider's own library, asked about the same request. */
export interface SdkOracle {
  readonly provider: string;
  /** Its name on npm. */
  readonly library: string;
  /** The function that is asked, for docs/oracles.md. */
  readonly asks: string;
  readonly accepts: (input: VerifyInput) => Promise<boolean>;
  /** The input signed by the library; null where it cannot sign. */
  readonly signs: ((input: VerifyInput) => Promise<VerifyInput>) | null;
}

/** The body as the text that most libraries want. */
export function textOf({ request }: VerifyInput): string {
  return Buffer.from(request.body).toString("utf8");
}

/** The body as a Buffer. */
export function bytesOf({ request }: VerifyInput): Buffer {
  return Buffer.from(request.body);
}

/** The headers as Node's servers give them: lower case, one value each. */
export function recordOf(input: VerifyInput): Record<string, string> {
  return Object.fromEntries(pairs(input).map(([name, value]) => [name.toLowerCase(), value]));
}

/** The header's value, or empty when it is not there: what a careless caller passes on. */
export function valueOf(input: VerifyInput, name: string): string {
  return recordOf(input)[name.toLowerCase()] ?? "";
}

/** True when a library says yes, false when it says no or throws, at once or later. */
export async function saysYes(ask: () => unknown): Promise<boolean> {
  try {
    return (await ask()) !== false;
  } catch {
    return false;
  }
}

/** The whole second or millisecond of an input's clock, as text. */
export function clockOf({ now }: VerifyInput, unit: "s" | "ms"): string {
  return String(unit === "s" ? Math.floor(now.getTime() / 1000) : now.getTime());
}
