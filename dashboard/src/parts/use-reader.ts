import type { Extension } from "@codemirror/state";
import { EditorState } from "@codemirror/state";
import { EditorView, lineNumbers } from "@codemirror/view";
import type { RefObject } from "react";
import { useEffect, useRef } from "react";
import { codeTheme } from "./code-theme.ts";
import { editorRoot } from "./editor-root.ts";

/**
 * Shows a text in a box, to be read and not written: selectable, by keyboard as well.
 *
 * @param extend what it has beside that; a new function is a new view, so keep it
 */
export function useReader(text: string, label: string, extend: () => Extension): RefObject<HTMLDivElement | null> {
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
          extend(),
          EditorView.lineWrapping,
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ "aria-label": label, "aria-readonly": "true" }),
          ...codeTheme,
        ],
      }),
    });
    return () => view.destroy();
  }, [text, label, extend]);
  return box;
}
