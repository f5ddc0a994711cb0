import { samples } from "../samples/all-samples.ts";
import { type ExitCode, printJson, type Shell } from "../shell.ts";
import { formatTable } from "../table.ts";

/** `holdfast send --list`: the providers that there are samples of, with their event types. Needs no gateway. */
export function listSamples(shell: Shell, { json }: { readonly json?: boolean }): ExitCode {
  const rows = samples.toSorted((a, b) => (a.provider < b.provider ? -1 : 1));
  if (json === true) for (const { provider, eventTypes } of rows) printJson(shell, { provider, eventTypes });
  else {
    const cells = rows.map(({ provider, eventTypes }) => [provider, eventTypes.join(", ")]);
    for (const line of formatTable(shell.paint, ["provider", "event types"], cells)) shell.print(line);
  }
  return 0;
}
