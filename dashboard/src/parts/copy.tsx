import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { classNames } from "./class-names.ts";

/** Copies a text; says so for a moment, to screen readers as well. */
export function CopyButton({ text, label, className }: { text: string; label: string; className?: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 1_500);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <button
      type="button"
      aria-label={copied ? `${label}: copied` : label}
      title={label}
      onClick={(event) => {
        event.stopPropagation();
        event.preventDefault();
        void navigator.clipboard.writeText(text).then(() => setCopied(true));
      }}
      className={classNames(
        "inline-flex size-6 shrink-0 items-center justify-center rounded text-faint hover:bg-sunken hover:text-ink",
        className,
      )}
    >
      {copied ? <Check size={13} aria-hidden className="text-good" /> : <Copy size={13} aria-hidden />}
    </button>
  );
}

/** An id or another exact text: monospaced, cut in the middle of the line where it must, copied by a click. */
export function Exact({ text, label = "Copy" }: { text: string; label?: string }) {
  return (
    <span className="inline-flex max-w-full items-center gap-0.5">
      <code className="truncate font-mono text-[12.5px]" title={text}>
        {text}
      </code>
      <CopyButton text={text} label={label} />
    </span>
  );
}

/** A command to run in a terminal, with a button that copies it. */
export function Command({ text }: { text: string }) {
  return (
    <div className="flex items-center gap-2 rounded-md border border-line bg-sunken py-1 pr-1 pl-3">
      <code className="min-w-0 flex-1 font-mono text-[12.5px] break-words whitespace-pre-wrap text-ink">
        <span aria-hidden className="text-faint select-none">
          ${" "}
        </span>
        {text}
      </code>
      <CopyButton text={text} label="Copy the command" />
    </div>
  );
}
