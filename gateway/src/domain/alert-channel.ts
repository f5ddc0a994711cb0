import type { Origin } from "./catalog.ts";
import type { Severity } from "./alert-rules.ts";

export const CHANNEL_KINDS = ["slack", "pagerduty", "webhook", "email"] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

/** How SMTP is protected: TLS from the start, STARTTLS and nothing without it, or none. */
export const MAIL_SECURITIES = ["tls", "starttls", "none"] as const;

/** The way to a channel. What is secret in it is in {@link ChannelSecret}. */
export type ChannelAddress =
  | { readonly kind: "slack" }
  | { readonly kind: "pagerduty"; readonly url: string }
  | { readonly kind: "webhook"; readonly url: string }
  | {
      readonly kind: "email";
      readonly host: string;
      readonly port: number;
      readonly security: (typeof MAIL_SECURITIES)[number];
      readonly from: string;
      readonly to: readonly string[];
      readonly username: string | null;
    };

/** Where notices go: a chat, a pager, a URL, a mailbox. */
export interface AlertChannel {
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly address: ChannelAddress;
  /** Slack: the URL itself. PagerDuty: the routing key. Webhook: the signing secret. Email: the password. Null: none, or unreadable. */
  readonly secret: string | null;
  readonly secretUnreadable: boolean;
  readonly severities: readonly Severity[];
  readonly state: "active" | "disabled";
  readonly origin: Origin;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** What a channel shows its secret to; null: to nobody. Slack's is the place itself, and a webhook is signed with its own. */
export function channelRecipient(address: ChannelAddress): string | null {
  switch (address.kind) {
    case "pagerduty":
      return new URL(address.url).origin;
    case "email":
      return address.username === null ? null : `${address.host}:${address.port} by ${address.security}`;
    case "slack":
    case "webhook":
      return null;
  }
}

/** PagerDuty's Events API v2 for accounts outside of the EU; `developer.pagerduty.com/docs/events-api-v2`. */
export const PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue";
