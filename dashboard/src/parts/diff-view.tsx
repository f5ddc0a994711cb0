import { json } from "@codemirror/lang-json";
import { unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { codeTheme } from "./code-theme.ts";
import { editorRoot } from "./editor-root.ts";

/** What the second text has that the first has not, and the other way round; equal stretches are folded. */
export default function DiffView({ left, right }: { left: string; right: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (box.current === null) return undefined;
    const view = new EditorView({
      parent: editorRoot(box.current),
      root: editorRoot(box.current),
      state: EditorState.create({
        doc: right,
        extensions: [
          lineNumbers(),
          json(),
          EditorView.lineWrapping,
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ "aria-label": "Differences", "aria-readonly": "true" }),
          unifiedMergeView({ original: left, mergeControls: false, collapseUnchanged: { margin: 2, minSize: 4 } }),
          ...codeTheme,
        ],
      }),
    });
    return () => view.destroy();
  }, [left, right]);
  return <div ref={box} className="min-w-0 overflow-hidden rounded-md border border-line" />;
}
