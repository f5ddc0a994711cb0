import { lazy, Suspense } from "react";
import { layOutJson } from "./lay-out-json.ts";

const CodeView = lazy(() => import("./code-view.tsx"));
const DiffView = lazy(() => import("./diff-view.tsx"));

/** Bytes decoded for reading: JSON laid out, any other text as it is, and bytes that are no text in hexadecimal. */
export function readBody(base64: string): { kind: "json" | "text" | "bytes" | "empty"; text: string } {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  if (bytes.length === 0) return { kind: "empty", text: "" };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { kind: "bytes", text: writeHex(bytes.subarray(0, BYTES_SHOWN_MAX)) };
  }
  try {
    JSON.parse(text);
    return { kind: "json", text: layOutJson(text) };
  } catch {
    return { kind: "text", text };
  }
}

/** The beginning of a body byte by byte, 4 KiB at most: hexadecimal, and the letters beside it. */
export function readBytes(base64: string): string {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const rest = bytes.length - BYTES_SHOWN_MAX;
  return writeHex(bytes.subarray(0, BYTES_SHOWN_MAX)) + (rest > 0 ? `\n… ${rest} bytes more` : "");
}

const BYTES_SHOWN_MAX = 4_096;

function writeHex(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const text = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(48)} ${text}`);
  }
  return lines.join("\n");
}

/** JSON or text, folded and searchable. The editor comes with the first use. */
export function JsonView({ text, label, isJson = true }: { text: string; label: string; isJson?: boolean }) {
  return (
    <Suspense fallback={<Plain text={text} label={label} />}>
      <CodeView text={text} label={label} isJson={isJson} />
    </Suspense>
  );
}

/** Two texts side by side, with what is the same folded away. */
export function JsonDiff({ left, right }: { left: string; right: string }) {
  return (
    <Suspense fallback={<Plain text={right} label="The second" />}>
      <DiffView left={left} right={right} />
    </Suspense>
  );
}

function Plain({ text, label }: { text: string; label: string }) {
  return (
    <pre
      aria-label={label}
      tabIndex={0}
      className="max-h-[60vh] overflow-auto rounded-md bg-sunken p-3 font-mono text-[12.5px] leading-5"
    >
      {text}
    </pre>
  );
}
