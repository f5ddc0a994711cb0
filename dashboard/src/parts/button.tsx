import type { ComponentProps, ReactNode } from "react";
import { classNames } from "./class-names.ts";

const LOOKS = {
  plain: "border-line bg-raised text-ink hover:border-line-strong hover:bg-sunken",
  primary: "border-transparent bg-accent text-accent-ink hover:opacity-90",
  danger: "border-bad/40 bg-raised text-bad hover:bg-bad-soft",
  quiet: "border-transparent bg-transparent text-soft hover:bg-sunken hover:text-ink",
} as const;

/** A button. `busy` keeps its width and says so to a screen reader. */
export function Button({
  look = "plain",
  busy = false,
  icon,
  className,
  children,
  ...rest
}: ComponentProps<"button"> & { look?: keyof typeof LOOKS; busy?: boolean; icon?: ReactNode }) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled === true || busy}
      aria-busy={busy}
      className={classNames(
        "inline-flex h-8 items-center justify-center gap-1.5 rounded-md border px-3 text-[13px] font-medium whitespace-nowrap transition-colors",
        "disabled:cursor-not-allowed disabled:opacity-55",
        LOOKS[look],
        className,
      )}
    >
      {icon}
      {children}
    </button>
  );
}
