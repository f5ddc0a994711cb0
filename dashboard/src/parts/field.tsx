import type { ComponentProps, ReactNode } from "react";
import { useId } from "react";
import { classNames } from "./class-names.ts";

const BOX =
  "h-8 w-full min-w-0 rounded-md border border-line-strong bg-raised px-2.5 text-[13px] text-ink placeholder:text-faint aria-[invalid=true]:border-bad";

/** A labelled input; what is wrong with it stands below it and is read out with it. */
export function TextField({
  label,
  hint,
  fault,
  className,
  ...rest
}: ComponentProps<"input"> & { label: string; hint?: ReactNode; fault?: string | null }) {
  const id = useId();
  const told = fault ?? hint;
  return (
    <div className={classNames("flex min-w-0 flex-col gap-1", className)}>
      <label htmlFor={id} className="text-xs font-medium text-soft">
        {label}
      </label>
      <input
        {...rest}
        id={id}
        aria-invalid={typeof fault === "string"}
        aria-describedby={told === undefined || told === null ? undefined : `${id}-told`}
        className={BOX}
      />
      {told === undefined || told === null ? null : (
        <p id={`${id}-told`} className={classNames("text-xs", typeof fault === "string" ? "text-bad" : "text-faint")}>
          {told}
        </p>
      )}
    </div>
  );
}

/** A native choice of one: it works with every keyboard, reader and phone. */
export function ChoiceField({
  label,
  hideLabel = false,
  choices,
  value,
  onChoose,
  className,
}: {
  label: string;
  hideLabel?: boolean;
  choices: readonly (readonly [value: string, word: string])[];
  value: string;
  onChoose: (value: string) => void;
  className?: string;
}) {
  const id = useId();
  return (
    <div className={classNames("flex min-w-0 flex-col gap-1", className)}>
      <label htmlFor={id} className={hideLabel ? "sr-only" : "text-xs font-medium text-soft"}>
        {label}
      </label>
      <select
        id={id}
        value={value}
        onChange={(event) => onChoose(event.target.value)}
        className={classNames(BOX, "pr-7")}
      >
        {choices.map(([choice, word]) => (
          <option key={choice} value={choice}>
            {word}
          </option>
        ))}
      </select>
    </div>
  );
}
