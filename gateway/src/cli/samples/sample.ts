/** What makes each sample a new event: the present time and fresh ids. */
export interface Fresh {
  readonly now: Date;
  /** A prefix and so many random letters and digits: `evt_1Q…`. */
  id(prefix: string, length: number): string;
  uuid(): string;
  hex(length: number): string;
  /** A whole number of so many digits, as text: ids beyond 2^53 must not pass through a JavaScript number. */
  digits(length: number): string;
}

/** A request as the provider sends it, without the headers of its signature: those the gateway's `sign` adds. */
export interface SampleRequest {
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** Realistic events of one provider. */
export interface Sample {
  readonly provider: string;
  /** Event types with a body of their own, as the gateway will name them; the first is the default. */
  readonly eventTypes: readonly string[];
  /** Whether a type has a body of its own; the others get a generic one with that type. */
  knows(eventType: string): boolean;
  /** How the provider's secrets begin; random base64 follows in the sample sources of `dev`. */
  readonly secretPrefix?: string;
  /** True where the provider signs the URL as it is registered, so that a source must be told it. */
  readonly signsUrl?: boolean;
  build(eventType: string, fresh: Fresh): SampleRequest;
}

type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** Bodies by event type; the generic one stands in for types that nobody has written down here. */
export type Bodies = Readonly<Record<string, (fresh: Fresh) => JsonObject>>;

export function bodyFor(bodies: Bodies, eventType: string, fresh: Fresh): JsonObject {
  const make = Object.hasOwn(bodies, eventType) ? bodies[eventType] : undefined;
  return make === undefined ? { id: fresh.id("sample_", 16), note: `a sample of ${eventType}` } : make(fresh);
}

export function unixSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

export const JSON_TYPE: readonly [string, string] = ["content-type", "application/json"];
