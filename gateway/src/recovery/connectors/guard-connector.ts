import type { Connector, ConnectorFault } from "./connector.ts";
import { faultOfError } from "./provider-line.ts";

/** What a connector throws, told as a fault of its log: where it was thrown it cannot have come of our own database. */
export function guardConnector({ list, fetch, redeliver }: Connector): Connector {
  return { list: guard(list), fetch: fetch && guard(fetch), redeliver: redeliver && guard(redeliver) };
}

function guard<Given extends readonly unknown[], Answer>(
  call: (...given: Given) => Promise<Answer>,
): (...given: Given) => Promise<Answer | ConnectorFault> {
  return async (...given) => await call(...given).catch(faultOfError);
}
