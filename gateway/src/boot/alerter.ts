import type { GatewayConfig } from "../config.ts";
import { OWN_CONNECTIONS } from "../config/connections.ts";
import { lookForAlerts } from "../engine/caretakers/alerter.ts";
import { createNoticeSender, forgetOldAlerts } from "../engine/caretakers/notice-sender.ts";
import { startLoop } from "../engine/loop.ts";
import { readDiskFreeMib } from "../engine/saturation-probes.ts";
import { createEgress } from "../platform/egress/create-egress.ts";
import { createMailDialer } from "../platform/egress/dial-mail.ts";
import type { Log } from "../platform/log.ts";
import type { Foundation } from "./foundation.ts";

/** Judges the rules and sends the notices, in the process that leads. */
export interface Alerter {
  stop(): Promise<void>;
}

const LOOK_MS = 15_000;
const SEND_MS = 1_000;
const FORGET_MS = 3_600_000;
const STATEMENT_MS = 10_000;

/** Starts the two loops: what the rules find, and the notices that are due. Every process has them, the leader's do something. */
export function startAlerter(config: GatewayConfig, log: Log, foundation: Foundation): Alerter {
  const { clock, databaseClock, leader, box, random, catalog, safety, store } = foundation;
  // Of its own: a destination that hangs shall hold up no notice about it.
  const egress = createEgress({ policy: config.egress, log, clock });
  const dialer = createMailDialer({ policy: config.egress, clock });
  const db = foundation.openPool("alerter", OWN_CONNECTIONS.alerter, STATEMENT_MS);
  const shared = { db, databaseClock, box, log };
  const rules = {
    ...shared,
    leader,
    random,
    catalog: () => catalog.index(),
    unsafe: () => {
      const safe = safety.current();
      return safe.ok ? null : `database ${safe.cause}: ${safe.detail}`.slice(0, 500);
    },
    diskFreeMib: async () => (store.folder === null ? null : await readDiskFreeMib(store.folder)),
    operator: config.tenant,
  };
  const sender = createNoticeSender({ ...shared, egress, dialer, clock });
  const loops = [
    startLoop({ name: "alerter", log, idleMs: LOOK_MS }, async () => {
      await lookForAlerts(rules);
      return false;
    }),
    startLoop(
      { name: "notices", log, idleMs: SEND_MS },
      async () => leader.current() !== null && (await sender.begin()),
    ),
    startLoop({ name: "alert history", log, idleMs: FORGET_MS }, async () => {
      if (leader.current() !== null) await forgetOldAlerts(shared);
      return false;
    }),
  ];
  return {
    stop: async () => {
      const stopped = loops.map((loop) => loop.stop());
      // What is under way is given up, and sent again by whoever leads next: the channel has not refused it.
      sender.stop();
      dialer.close();
      await egress.close();
      await Promise.all(stopped);
      await sender.idle();
    },
  };
}
