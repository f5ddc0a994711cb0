import type { SdkOracle } from "./sdk-oracle.ts";
import { fieldOracles } from "./sdk-oracles-fields.ts";
import { hmacOracles } from "./sdk-oracles-hmac.ts";
import { keyOracles } from "./sdk-oracles-keys.ts";

/** Every provider's library that is asked about the same requests, besides those of `oracles.ts`. */
export const sdkOracles: readonly SdkOracle[] = [...hmacOracles, ...fieldOracles, ...keyOracles];
