import { json } from "@codemirror/lang-json";
import { foldGutter } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { codeTheme } from "./code-theme.ts";
import { editorRoot } from "./editor-root.ts";

/** A text that is read, not written: folded, selectable, by keyboard as well. */
export default function CodeView({ text, label, isJson }: { text: string; label: string; isJson: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (box.current === null) return undefined;
    const view = new EditorView({
      parent: editorRoot(box.current),
      root: editorRoot(box.current),
      state: EditorState.create({
        doc: text,
        extensions: [
          lineNumbers(),
          foldGutter(),
          ...(isJson ? [json()] : []),
          EditorView.lineWrapping,
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ "aria-label": label, "aria-readonly": "true" }),
          ...codeTheme,
        ],
      }),
    });
    return () => view.destroy();
  }, [text, label, isJson]);
  return <div ref={box} className="min-w-0 overflow-hidden rounded-md border border-line" />;
}
