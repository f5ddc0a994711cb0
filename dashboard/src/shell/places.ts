import type { LucideIcon } from "lucide-react";
import {
  Activity,
  Bell,
  CircleUserRound,
  GitCompareArrows,
  Gauge,
  KeyRound,
  ListOrdered,
  RotateCcw,
  ScrollText,
  Send,
  Settings,
  ShieldAlert,
  Skull,
  Webhook,
} from "lucide-react";

/** A screen that the navigation and the palette lead to. `g` and the letter go there by keyboard. */
export interface Place {
  readonly to: string;
  readonly word: string;
  readonly icon: LucideIcon;
  readonly letter: string;
  readonly group: "see" | "repair" | "set up" | "govern";
}

export const PLACES: readonly Place[] = [
  { to: "/", word: "Overview", icon: Gauge, letter: "o", group: "see" },
  { to: "/events", word: "Events", icon: Activity, letter: "e", group: "see" },
  { to: "/rejections", word: "Rejections", icon: ShieldAlert, letter: "r", group: "see" },
  { to: "/queue", word: "Queue", icon: ListOrdered, letter: "q", group: "see" },
  { to: "/dead-letters", word: "Dead letters", icon: Skull, letter: "d", group: "repair" },
  { to: "/replays", word: "Replays", icon: RotateCcw, letter: "p", group: "repair" },
  { to: "/reconciliations", word: "Reconciliation", icon: GitCompareArrows, letter: "c", group: "repair" },
  { to: "/sources", word: "Sources", icon: Webhook, letter: "s", group: "set up" },
  { to: "/destinations", word: "Destinations", icon: Send, letter: "t", group: "set up" },
  { to: "/alerts", word: "Alerts", icon: Bell, letter: "l", group: "set up" },
  { to: "/audit", word: "Audit", icon: ScrollText, letter: "u", group: "govern" },
  { to: "/keys", word: "Keys and people", icon: KeyRound, letter: "k", group: "govern" },
  { to: "/settings", word: "Settings", icon: Settings, letter: ",", group: "govern" },
  { to: "/account", word: "Your account", icon: CircleUserRound, letter: "y", group: "govern" },
];

/** Stands here alone so that the palette and the help show the same list. */
export const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ["⌘K or Ctrl K", "Find anything: a screen, an event by any id, a source"],
  ["/", "Put the cursor into the filter"],
  ["j and k", "Next and previous row"],
  ["Enter", "Open the row"],
  ["g then a letter", "Go to a screen: o overview, e events, r rejections, q queue, d dead letters"],
  ["?", "This list"],
  ["Esc", "Close, or leave the field"],
];
