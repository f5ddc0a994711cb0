import type { ConfigInput } from "./config/config-input.ts";

/** Gives `holdfast.config.ts` its types. Returns what it is given. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}
