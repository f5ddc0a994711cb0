import type { ComponentProps } from "react";
import { useEffect, useRef, useState } from "react";
import { TextField } from "./field.tsx";

/** So long after the last letter a text is taken. */
const TAKEN_AFTER_MS = 250;

/**
 * A text of the filter. What is typed stands in the field alone until it is taken: the address follows a moment later, and a
 * field that showed the address would lose letters and the cursor's place. Enter takes it at once, and so does leaving the field.
 */
export function FilterText({
  value,
  onTake,
  judge = () => null,
  whileTyping = true,
  fault = null,
  ...field
}: Omit<ComponentProps<typeof TextField>, "value" | "onChange" | "onBlur" | "onKeyDown"> & {
  /** The text as the address has it. */
  value: string;
  /** Puts a text into the address; ends when it stands there. */
  onTake: (text: string) => Promise<void>;
  /** What is wrong with a text, which is then not taken; null where nothing is. Half a text is told of when it is left. */
  judge?: (text: string) => string | null;
  /** False where looking is dear, and not to be done for every few letters. */
  whileTyping?: boolean;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  const [found, setFound] = useState<string | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const take = async (text: string): Promise<void> => {
    clearTimeout(timer.current);
    if (judge(text.trim()) === null) await onTake(text.trim());
  };
  const finish = async (): Promise<void> => {
    if (draft === null) return;
    const wrong = judge(draft.trim());
    setFound(wrong);
    await take(draft);
    if (wrong === null) setDraft((now) => (now === draft ? null : now));
  };
  return (
    <TextField
      {...field}
      fault={found ?? fault}
      value={draft ?? value}
      onChange={({ target }) => {
        setDraft(target.value);
        setFound(null);
        clearTimeout(timer.current);
        if (whileTyping) timer.current = setTimeout(() => void take(target.value), TAKEN_AFTER_MS);
      }}
      onBlur={() => void finish()}
      onKeyDown={({ key }) => {
        if (key === "Enter") void finish();
      }}
    />
  );
}
