/** How a moment is written in a log or a query. */
export type MomentFormat = "iso" | "s" | "ms";

export interface StripeOptions {
  readonly kind: "stripe";
  /** A connected account whose events are meant. */
  readonly account?: string | undefined;
  /** Where the API is, for a fake or a proxy. */
  readonly baseUrl?: string | undefined;
}

/** One webhook of GitHub: of a repository, an organisation, or the app itself. */
export interface GithubOptions {
  readonly kind: "github";
  readonly owner?: string | undefined;
  readonly repo?: string | undefined;
  readonly org?: string | undefined;
  /** For the webhook of a GitHub App; the secret is then its private key as PEM. */
  readonly appId?: string | undefined;
  /** The number of the webhook; not for an app, which has one. */
  readonly webhookId?: string | undefined;
  /** Of a GitHub Enterprise Server: `https://github.example.com/api/v3`. */
  readonly baseUrl?: string | undefined;
}

export interface SvixOptions {
  readonly kind: "svix";
  readonly applicationId: string;
  /** Svix's id of our URL (`ep_…`); with it a redelivery can be asked for. */
  readonly receiverId?: string | undefined;
  /** Region and operator: `https://api.eu.svix.com`. */
  readonly baseUrl: string;
}

/** Where in an entry of a log its parts are, as JSON pointers (RFC 6901); for CSV, the names of columns. */
export interface EntryPlaces {
  readonly id: string;
  readonly type?: string | undefined;
  readonly time?: string | undefined;
  readonly timeFormat?: MomentFormat | undefined;
  /** What the provider would have sent as the body; absent: the entry itself. */
  readonly body?: string | undefined;
}

export interface HttpOptions extends EntryPlaces {
  readonly kind: "http";
  readonly url: string;
  readonly auth?: "bearer" | "basic" | "header" | undefined;
  /** The header that carries the secret, for `auth: "header"`. */
  readonly authHeader?: string | undefined;
  /** For `auth: "basic"`; the secret is the password. */
  readonly username?: string | undefined;
  /** Names of the query's parameters for the window and the size of a page; absent ones are not sent. */
  readonly fromParameter?: string | undefined;
  readonly toParameter?: string | undefined;
  readonly limitParameter?: string | undefined;
  /** Where the list is; absent: the answer is the list. */
  readonly items?: string | undefined;
  /** `cursor`: a value of the answer goes into a parameter; `url`: the answer has the next URL; `link`: the Link header has it. */
  readonly paging: "cursor" | "url" | "link" | "none";
  readonly nextPlace?: string | undefined;
  readonly cursorParameter?: string | undefined;
}

export interface FileOptions extends EntryPlaces {
  readonly kind: "file";
  /** A file of the folder `imports/<tenant>` in the data folder. */
  readonly file: string;
  readonly format: "jsonl" | "csv";
}

/** How a provider's log is reached, without its secret. */
export type ConnectorOptions = StripeOptions | GithubOptions | SvixOptions | HttpOptions | FileOptions;

export type ConnectorKind = ConnectorOptions["kind"];

/** How long providers keep their logs: Stripe 30 days of events, GitHub 3 days of deliveries (their documentation). */
export const HISTORY_SEC: Readonly<Record<ConnectorKind, number | null>> = {
  stripe: 30 * 86_400,
  github: 3 * 86_400,
  svix: null,
  http: null,
  file: null,
};

/** Where those are that have one place of their own. */
export const STRIPE_URL = "https://api.stripe.com";
export const GITHUB_URL = "https://api.github.com";

/** What a connector shows its secret to, by kind, scheme, host and port; null: to nobody. */
export function connectorRecipient(options: ConnectorOptions): string | null {
  const { kind } = options;
  switch (kind) {
    case "stripe":
      return `${kind} at ${new URL(options.baseUrl ?? STRIPE_URL).origin}`;
    case "github":
      return `${kind} at ${new URL(options.baseUrl ?? GITHUB_URL).origin}`;
    case "svix":
      return `${kind} at ${new URL(options.baseUrl).origin}`;
    case "http":
      return options.auth === undefined ? null : `${kind} at ${new URL(options.url).origin}`;
    case "file":
      return null;
  }
}

/** Whether what a log gives is of the window by the provider's own word, also where an entry of it has no time. */
export function asksByTime(options: ConnectorOptions): boolean {
  return options.kind !== "file" && (options.kind !== "http" || options.fromParameter !== undefined);
}

/** Whether a provider can be asked to deliver again. */
export function canRedeliver(options: ConnectorOptions): boolean {
  return options.kind === "github" || (options.kind === "svix" && options.receiverId !== undefined);
}
