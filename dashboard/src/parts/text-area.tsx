import type { ComponentProps, ReactNode } from "react";
import { useId } from "react";
import { classNames } from "./class-names.ts";

/** A labelled field of several lines; what is wrong with it stands below it and is read out with it. */
export function TextArea({
  label,
  hint,
  fault,
  className,
  ...rest
}: ComponentProps<"textarea"> & { label: string; hint?: ReactNode; fault?: string | null }) {
  const id = useId();
  const told = fault ?? hint;
  return (
    <div className={classNames("flex min-w-0 flex-col gap-1", className)}>
      <label htmlFor={id} className="text-xs font-medium text-soft">
        {label}
      </label>
      <textarea
        rows={3}
        {...rest}
        id={id}
        aria-invalid={typeof fault === "string"}
        aria-describedby={told === undefined || told === null ? undefined : `${id}-told`}
        className="w-full min-w-0 rounded-md border border-line-strong bg-raised px-2.5 py-1.5 text-[13px] text-ink placeholder:text-faint aria-[invalid=true]:border-bad"
      />
      {told === undefined || told === null ? null : (
        <p id={`${id}-told`} className={classNames("text-xs", typeof fault === "string" ? "text-bad" : "text-faint")}>
          {told}
        </p>
      )}
    </div>
  );
}
