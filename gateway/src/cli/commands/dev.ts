import { checkDefinitionInput } from "../../config/check-definition-input.ts";
import type { GatewayConfig } from "../../config.ts";
import type { ReceivedDelivery } from "../sample-page.ts";
import { type SampleReceiver, startSampleReceiver } from "../sample-receiver.ts";
import { openSampleSetup, sampleSourceName, type SampleSetup, toDefinition } from "../sample-setup.ts";
import { samples } from "../samples/all-samples.ts";
import type { RunningGateway } from "../../main.ts";
import { serve } from "../serve.ts";
import { readNumber } from "../number-flags.ts";
import { readConfig, type ServeFlags } from "../serve-flags.ts";
import { complain, type ExitCode, printJson, type Shell } from "../shell.ts";

/** Loopback may be delivered to in `dev`: that is where the service under work runs. */
const DEV_DEFAULTS = { "egress.allowCidrs": ["127.0.0.0/8", "::1/128"], logLevel: "warn" } as const;
const RECEIVER_PORT = "4402";

/** `holdfast dev`: a gateway to try things on. Without a configuration file it has sample sources and a receiver. */
export async function dev(shell: Shell, flags: ServeFlags & { readonly receiverPort?: string }): Promise<ExitCode> {
  const read = await readConfig(shell, flags, DEV_DEFAULTS);
  if (read === null) return 2;
  const json = flags.json === true;
  if (read.file !== null)
    return await serve(shell, read.config, {
      json,
      withLink: true,
      guide: (gateway) => guideToSources(shell, gateway, read.file),
    });
  const wanted = { name: "receiver-port", text: flags.receiverPort ?? RECEIVER_PORT, min: 0, max: 65_535, json };
  const port = readNumber(shell, wanted);
  if (port === null) return 2;
  return await serveSamples(shell, read.config, { json, port, isPortGiven: flags.receiverPort !== undefined });
}

async function serveSamples(
  shell: Shell,
  config: GatewayConfig,
  wanted: { readonly json: boolean; readonly port: number; readonly isPortGiven: boolean },
): Promise<ExitCode> {
  const { json } = wanted;
  const setup = await openSampleSetup(config.dataDir);
  const onDelivery = (delivery: ReceivedDelivery) => reportDelivery(shell, delivery, json);
  const receiver = await startReceiver({ signingSecret: setup.signingSecret, onDelivery }, wanted);
  if (receiver === null) {
    const problem = `port ${wanted.port} of the sample receiver is in use`;
    return complain(
      shell,
      { problem, remedy: "Give another with --receiver-port, or 0 for a free one.", badInput: true },
      json,
    );
  }
  const sampled = withSamples(config, setup, receiver.url);
  if (sampled === null) {
    await receiver.close();
    const problem = `deliveries may not reach ${receiver.url}, where the sample receiver is`;
    return complain(
      shell,
      { problem, remedy: "Allow 127.0.0.0/8 in egress.allowCidrs, or leave it out in dev.", badInput: true },
      json,
    );
  }
  const guide = (gateway: RunningGateway) => guideToSamples(shell, gateway, receiver);
  try {
    return await serve(shell, sampled, { json, withLink: true, guide, extra: { receiverUrl: receiver.url } });
  } finally {
    await receiver.close();
  }
}

function withSamples(config: GatewayConfig, setup: SampleSetup, receiverUrl: string): GatewayConfig | null {
  const { definition } = checkDefinitionInput({ ...toDefinition(setup, receiverUrl) }, config.egress.allowCidrs);
  return definition === null ? null : { ...config, definition, definitionOrigin: "sample" };
}

/** The usual port, so that the page stays where it was; a free one when it is taken, unless that very port was asked for. */
async function startReceiver(
  parts: { readonly signingSecret: string; readonly onDelivery: (delivery: ReceivedDelivery) => void },
  wanted: { readonly port: number; readonly isPortGiven: boolean },
): Promise<SampleReceiver | null> {
  const receiver = await startSampleReceiver({ ...parts, port: wanted.port });
  return receiver === null && !wanted.isPortGiven ? await startSampleReceiver({ ...parts, port: 0 }) : receiver;
}

function reportDelivery(shell: Shell, delivery: ReceivedDelivery, json: boolean): void {
  if (json) return printJson(shell, { delivery: { ...delivery, body: undefined } });
  const time = shell.paint.dim(delivery.receivedAt.toISOString().slice(11, 23));
  if (!delivery.genuine) return shell.print(`${time} ${shell.paint.red("refused")}  ${delivery.problem}`);
  const { eventType, source, attempt, eventId, bodyBytes } = delivery;
  const what = `${eventType ?? "(no type)"} from ${source ?? "?"}, attempt ${attempt ?? "?"}, ${bodyBytes} bytes`;
  shell.print(`${time} ${shell.paint.green("received")} ${what}  ${shell.paint.dim(eventId ?? "")}`);
}

/** How many sample sources are shown; the samples begin with the best-known providers. */
const SAMPLES_SHOWN = 5;

function* sourceLines(shell: Shell, sources: ReturnType<RunningGateway["sources"]>): Generator<string> {
  const width = Math.max(...sources.map(({ name }) => name.length), 0);
  for (const { name, url } of sources) yield `  ${name.padEnd(width)}  ${shell.paint.dim(url)}`;
}

function guideToSamples(shell: Shell, gateway: RunningGateway, receiver: SampleReceiver): string[] {
  const sources = gateway.sources();
  const bestKnown = samples.slice(0, SAMPLES_SHOWN).map(({ provider }) => sampleSourceName(provider));
  const shown = sources.filter(({ name }) => bestKnown.includes(name));
  return [
    `  ${shell.paint.dim("receiver".padEnd(9))} ${receiver.url}  (shows what was delivered)`,
    "",
    "There is no holdfast.config.ts here, so these sample sources lead to a sample receiver:",
    ...sourceLines(shell, shown),
    `  and ${sources.length - shown.length} more: npx holdfast send --list`,
    "",
    "Try, in another terminal:",
    `  ${shell.paint.bold("npx holdfast send stripe invoice.paid")}`,
    `  ${shell.paint.bold("npx holdfast events")}`,
    "and with your own sources and services: npx holdfast init",
    "",
  ];
}

function guideToSources(shell: Shell, gateway: RunningGateway, file: string | null): string[] {
  const sources = gateway.sources();
  const [first] = sources;
  if (first === undefined) return ["", `${file} declares no sources yet.`, ""];
  return [
    "",
    "Sources:",
    ...sourceLines(shell, sources),
    "",
    "Try, in another terminal:",
    `  ${shell.paint.bold(`npx holdfast send ${first.provider} --source ${first.name}`)}`,
    `  ${shell.paint.bold("npx holdfast events")}`,
    "",
  ];
}
