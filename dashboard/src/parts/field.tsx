import type { ComponentProps, ReactNode } from "react";
import { useId } from "react";
import { classNames } from "./class-names.ts";

const BOX =
  "h-8 w-full min-w-0 rounded-md border border-line-strong bg-raised px-2.5 text-[13px] text-ink placeholder:text-faint aria-[invalid=true]:border-bad";

/** What is said of a field beside its label; what is wrong with it is read out with it. */
export interface FieldWords {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly fault?: string | null;
}

/** A control between its label and what is told of it. The control takes the attributes that tie them together. */
export function Labelled({
  label,
  hint,
  fault,
  className,
  children,
}: FieldWords & {
  className?: string | undefined;
  children: (tied: { id: string; "aria-invalid": boolean; "aria-describedby": string | undefined }) => ReactNode;
}) {
  const id = useId();
  const told = fault ?? hint;
  const isTold = told !== undefined && told !== null;
  const isFault = typeof fault === "string";
  return (
    <div className={classNames("flex min-w-0 flex-col gap-1", className)}>
      <label htmlFor={id} className="text-xs font-medium text-soft">
        {label}
      </label>
      {children({ id, "aria-invalid": isFault, "aria-describedby": isTold ? `${id}-told` : undefined })}
      {isTold ? (
        <p id={`${id}-told`} className={classNames("text-xs", isFault ? "text-bad" : "text-faint")}>
          {told}
        </p>
      ) : null}
    </div>
  );
}

/** A labelled input of one line. */
export function TextField({ label, hint, fault, className, ...rest }: ComponentProps<"input"> & FieldWords) {
  return (
    <Labelled label={label} hint={hint} fault={fault ?? null} className={className}>
      {(tied) => <input {...rest} {...tied} className={BOX} />}
    </Labelled>
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
