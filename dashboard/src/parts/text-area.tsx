import type { ComponentProps } from "react";
import type { FieldWords } from "./field.tsx";
import { Labelled } from "./field.tsx";

/** A labelled field of several lines. */
export function TextArea({ label, hint, fault, className, ...rest }: ComponentProps<"textarea"> & FieldWords) {
  return (
    <Labelled label={label} hint={hint} fault={fault ?? null} className={className}>
      {(tied) => (
        <textarea
          rows={3}
          {...rest}
          {...tied}
          className="w-full min-w-0 rounded-md border border-line-strong bg-raised px-2.5 py-1.5 text-[13px] text-ink placeholder:text-faint aria-[invalid=true]:border-bad"
        />
      )}
    </Labelled>
  );
}
