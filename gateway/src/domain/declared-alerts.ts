import type { AlertsDefinition, ChannelDefinition, CheckedAlerts, CheckedChannel } from "./alert-definition.ts";
import { SECRET_FIELDS } from "./alert-definition.ts";

/** Checked alerts in the form in which a configuration declares them, for a gateway that will check them itself. */
export function declareAlerts({ channels, rules, owners }: CheckedAlerts): AlertsDefinition {
  const declared = Object.entries(channels).map(([name, channel]) => [name, declareChannel(channel)] as const);
  return {
    channels: Object.fromEntries(declared),
    ...(rules === null ? {} : { rules }),
    ...(owners === null ? {} : { owners }),
  };
}

function declareChannel({ address, secret, severities }: CheckedChannel): ChannelDefinition {
  const withSecret = secret === undefined ? {} : { [SECRET_FIELDS[address.kind]]: secret };
  if (address.kind !== "email") return { ...address, ...withSecret, severities };
  const { username, ...rest } = address;
  return { ...rest, ...(username === null ? {} : { username }), ...withSecret, severities };
}
