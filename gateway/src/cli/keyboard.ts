/** Keys of a terminal, one by one. */
export interface Keyboard {
  onKey(listener: (key: string) => void): void;
  /** How many columns and rows fit. */
  size(): { readonly columns: number; readonly rows: number };
  close(): void;
}

const NAMES: Readonly<Record<string, string>> = {
  "\u001b[A": "up",
  "\u001b[B": "down",
  // Ctrl-C is no signal in raw mode.
  "\u0003": "interrupt",
  "\r": "enter",
  "\u001b": "escape",
  "\u007f": "backspace",
};

/** The keyboard of the real terminal; null where standard input or output is none. */
export function openKeyboard({ stdin, stdout }: Pick<NodeJS.Process, "stdin" | "stdout">): Keyboard | null {
  if (stdin.isTTY !== true || stdout.isTTY !== true) return null;
  let listener: ((key: string) => void) | null = null;
  const read = (bytes: Buffer): void => {
    const text = bytes.toString("utf8");
    const name = NAMES[text];
    if (name !== undefined) listener?.(name);
    // What is pasted comes at once.
    else if (!text.startsWith("\u001b")) for (const key of text.slice(0, 256)) listener?.(NAMES[key] ?? key);
  };
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on("data", read);
  return {
    onKey: (next) => {
      listener = next;
    },
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    close: () => {
      stdin.off("data", read);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
