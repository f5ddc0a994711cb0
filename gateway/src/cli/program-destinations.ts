import type { Command } from "commander";
import { addGatewayOptions, addPageOptions, type Choose } from "./options.ts";
import type { Shell } from "./shell.ts";

/** `holdfast destinations`: where deliveries go, and whether they may. */
export function addDestinationCommands(program: Command, shell: Shell, choose: Choose): void {
  const destinations = program.command("destinations").description("where deliveries go, and what holds them back");
  const list = destinations.command("list", { isDefault: true }).description("every destination with its state");
  addPageOptions(addGatewayOptions(list)).action((flags) =>
    choose(async () => (await import("./commands/destinations.ts")).listDestinations(shell, flags)),
  );
  const set = (word: "pause" | "resume", state: "active" | "paused", description: string): void => {
    addGatewayOptions(destinations.command(word))
      .description(description)
      .argument("<name>", "name or dst_…")
      .action((name, flags) =>
        choose(async () =>
          (await import("./commands/destinations.ts")).setDestinationState(shell, { ...flags, name, state }),
        ),
      );
  };
  set("pause", "paused", "hold its deliveries, at no cost of attempts");
  set("resume", "active", "let its deliveries go on, within its limits");
}
