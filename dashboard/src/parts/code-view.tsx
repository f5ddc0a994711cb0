import { json } from "@codemirror/lang-json";
import { foldGutter } from "@codemirror/language";
import { useCallback } from "react";
import { useReader } from "./use-reader.ts";

/** A text that is read, not written: folded, selectable, by keyboard as well. */
export default function CodeView({ text, label, isJson }: { text: string; label: string; isJson: boolean }) {
  const box = useReader(
    text,
    label,
    useCallback(() => [foldGutter(), isJson ? json() : []], [isJson]),
  );
  return <div ref={box} className="min-w-0 overflow-hidden rounded-md border border-line" />;
}
