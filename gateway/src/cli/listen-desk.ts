import type { Keyboard } from "./keyboard.ts";
import type { Heard, View } from "./listen-table.ts";
import { drawTable, pickShown } from "./listen-table.ts";
import type { Shell } from "./shell.ts";
import { printable } from "./table.ts";

/** The table of a person at a terminal, and what the keys do. */
export interface Desk {
  add(one: Heard, keptMax: number): void;
  draw(): void;
  say(text: string): void;
  close(): void;
}

/** Opens the table. */
export function openDesk(
  shell: Shell,
  keyboard: Keyboard,
  acts: { readonly adminUrl: string; readonly forward: (one: Heard) => Promise<void>; readonly quit: () => void },
): Desk {
  const heard: Heard[] = [];
  const view: View = { selected: 0, filter: "", typing: false, note: "" };
  let drawn = 0;
  let isOpen = true;
  const erase = (): void => {
    if (drawn > 0) shell.write(Buffer.from(`\u001b[${drawn}A\u001b[J`));
    drawn = 0;
  };
  const draw = (): void => {
    if (!isOpen) return;
    erase();
    const lines = drawTable(heard, view, shell.paint, keyboard.size());
    shell.write(Buffer.from(`${lines.join("\n")}\n`));
    drawn = lines.length;
  };
  const say = (text: string): void => {
    view.note = text;
    draw();
  };
  keyboard.onKey((key) => {
    // Before the filter: whatever is open, Ctrl-C leaves.
    if (key === "interrupt") return acts.quit();
    const shown = pickShown(heard, view.filter);
    const one = shown[view.selected];
    if (view.typing) type(view, key);
    else if (key === "q") acts.quit();
    else if (key === "/") view.typing = true;
    else if (key === "up" || key === "k") view.selected = Math.max(0, view.selected - 1);
    else if (key === "down" || key === "j") view.selected = Math.min(Math.max(0, shown.length - 1), view.selected + 1);
    else if (one !== undefined && key === "r") void acts.forward(one).then(draw);
    else if (one !== undefined) act(key, one);
    draw();
  });
  const act = (key: string, one: Heard): void => {
    if (key === "o") view.note = `${acts.adminUrl}/events/${one.event.id}`;
    if (key === "d") view.note = describe(one);
    if (key !== "C") return;
    // OSC 52: the terminal itself puts it into the clipboard, over SSH too.
    shell.write(Buffer.from(`\u001b]52;c;${Buffer.from(one.event.id).toString("base64")}\u0007`));
    view.note = `copied ${one.event.id}`;
  };
  return {
    add: (one, keptMax) => {
      const isAtEnd = view.selected >= pickShown(heard, view.filter).length - 1;
      heard.push(one);
      if (heard.length > keptMax) heard.shift();
      if (isAtEnd) view.selected = Math.max(0, pickShown(heard, view.filter).length - 1);
      draw();
    },
    draw,
    say,
    close: () => {
      isOpen = false;
      keyboard.onKey(() => {});
    },
  };
}

function type(view: View, key: string): void {
  view.selected = 0;
  if (key === "enter") view.typing = false;
  else if (key === "escape") Object.assign(view, { typing: false, filter: "" });
  else if (key === "backspace") view.filter = view.filter.slice(0, -1);
  else if (key.length === 1) view.filter = `${view.filter}${key}`.slice(0, 80);
}

function describe({ event, result }: Heard): string {
  const provider = event.providerEventId === null ? "" : `, the provider's ${printable(event.providerEventId)}`;
  const answer =
    result === null ? "not answered yet" : `answered ${result.status}: ${printable(result.detail).slice(0, 200)}`;
  return `${event.id}${provider}; ${answer}`;
}
