import type { GatewayConfig } from "../config.ts";

const HIDDEN = "(set, not shown)";

/** The configuration for printing and logging: every secret replaced, passwords cut out of URLs, handlers as their names. */
export function redactConfig(config: GatewayConfig): Record<string, unknown> {
  const { definition, handlers, ...settings } = config;
  return {
    ...settings,
    databaseUrl: config.databaseUrl === null ? null : redactUrl(config.databaseUrl),
    secretKey: config.secretKey === null ? null : HIDDEN,
    oidc:
      config.oidc === null ? null : { ...config.oidc, clientSecret: config.oidc.clientSecret === null ? null : HIDDEN },
    handlers: Object.keys(handlers),
    definition: definition === null ? null : redact(definition, ""),
  };
}

/** A connection string without its password. A password may also stand among the parameters, so those go altogether. */
export function redactUrl(text: string): string {
  if (!URL.canParse(text)) return HIDDEN;
  const url = new URL(text);
  if (url.password !== "") url.password = "***";
  url.search = "";
  return url.href;
}

/** Fields of what is declared whose value is, or may hold, a secret; `secret` is that of a checked reconciliation or channel. */
const SECRET_FIELDS = new Set([
  "secrets",
  "secret",
  "signingSecret",
  "password",
  "verifyToken",
  "clientSecret",
  "headers",
  "key",
]);

function redact(value: unknown, field: string): unknown {
  if (SECRET_FIELDS.has(field)) return HIDDEN;
  if (Array.isArray(value)) return value.map((item: unknown) => redact(item, ""));
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redact(inner, key)]));
}
