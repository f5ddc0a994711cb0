import type { Arrival, HeaderRole } from "../arrival.ts";

/**
 * Where a value is.
 * - `body`: a dotted path into the JSON body (or into the JSON of a form's `payload` field).
 * - `form`: a field of a form-encoded body.
 * - `header`: a header, by its role.
 * - `text`: the text itself, to name what the provider leaves unnamed.
 */
export type Place =
  | { readonly body: string }
  | { readonly form: string }
  | { readonly header: HeaderRole }
  | { readonly text: string };

/** How a provider writes a moment. */
export type MomentUnit = "s" | "ms" | "iso";

/** Where a provider puts an event's identity. */
export interface IdentityRule {
  /** The first place that holds a usable id counts. Empty where the provider has none. */
  readonly id: readonly Place[];
  /**
   * False where the id names a thing and not the event: it is told, and the stable content is the key. A function where only some ids
   * do. Default: true.
   */
  readonly idIsUnique?: false | ((arrival: Arrival, id: string) => boolean);
  /** Within what the id is unique, where it is not by itself: the first place that holds a value is in the key. Default: none. */
  readonly idScope?: readonly Place[];
  /** Alternatives; the first whose first real place holds a value counts, and its parts are joined with a dot. */
  readonly type: readonly (readonly Place[])[];
  readonly time: readonly { readonly place: Place; readonly unit: MomentUnit }[];
  readonly version: readonly Place[];
  /** True where the provider may send a form; its `payload` field, if any, then stands for a JSON body. */
  readonly forms: boolean;
}
