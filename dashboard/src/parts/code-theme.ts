import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** The editor in the dashboard's own colours, which follow the theme by themselves. */
export const codeTheme = [
  EditorView.theme({
    "&": { backgroundColor: "var(--sunken)", color: "var(--ink)", borderRadius: "6px", fontSize: "12.5px" },
    ".cm-content": { fontFamily: "ui-monospace, 'SF Mono', 'DejaVu Sans Mono', monospace", padding: "10px 0" },
    ".cm-gutters": { backgroundColor: "var(--sunken)", color: "var(--ink-faint)", border: "none" },
    ".cm-scroller": { maxHeight: "60vh", overflow: "auto", lineHeight: "1.55" },
    ".cm-foldPlaceholder": {
      background: "var(--accent-soft)",
      color: "var(--ink-soft)",
      border: "none",
      padding: "0 6px",
    },
    ".cm-changedLine, .cm-insertedLine": { backgroundColor: "var(--good-soft) !important" },
    ".cm-deletedChunk, .cm-deletedLine": { backgroundColor: "var(--bad-soft) !important" },
  }),
  syntaxHighlighting(
    HighlightStyle.define([
      { tag: tags.propertyName, color: "var(--wait)" },
      { tag: tags.string, color: "var(--good)" },
      { tag: tags.number, color: "var(--warn)" },
      { tag: [tags.bool, tags.null, tags.keyword], color: "var(--held)" },
      { tag: tags.punctuation, color: "var(--ink-soft)" },
    ]),
  ),
];
