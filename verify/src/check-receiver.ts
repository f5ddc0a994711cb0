import type { Receiver, ReceiverFault } from "./receiver.ts";

/** Every fault of a receiver configuration at once, for the moment when it is saved. Empty when it can be used. */
export function checkReceiver(provider: string, _receiver: Receiver): ReceiverFault[] {
  return [{ path: "provider", problem: `no provider has the slug ${JSON.stringify(provider)}` }];
}
