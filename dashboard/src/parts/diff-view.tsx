import { json } from "@codemirror/lang-json";
import { unifiedMergeView } from "@codemirror/merge";
import { useCallback } from "react";
import { useReader } from "./use-reader.ts";

/** What the second text has that the first has not, and the other way round; equal stretches are folded. */
export default function DiffView({ left, right }: { left: string; right: string }) {
  const extend = useCallback(
    () => [
      json(),
      unifiedMergeView({ original: left, mergeControls: false, collapseUnchanged: { margin: 2, minSize: 4 } }),
    ],
    [left],
  );
  const box = useReader(right, "Differences", extend);
  return <div ref={box} className="min-w-0 overflow-hidden rounded-md border border-line" />;
}
