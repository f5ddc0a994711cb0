import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { classNames } from "./class-names.ts";

const LOOKS = {
  plain: "border-line bg-raised text-ink hover:border-line-strong hover:bg-sunken",
  primary: "border-transparent bg-accent text-accent-ink hover:opacity-90",
} as const;

/** A link that looks like a button, for what leads to another screen. */
export function LinkButton({
  to,
  search = {},
  look = "plain",
  icon,
  children,
}: {
  to: string;
  search?: Readonly<Record<string, string>>;
  look?: keyof typeof LOOKS;
  icon?: ReactNode;
  children: ReactNode;
}) {
  return (
    <Link
      to={to as "/events"}
      search={search}
      className={classNames(
        "inline-flex h-8 items-center justify-center gap-1.5 rounded-md border px-3 text-[13px] font-medium whitespace-nowrap transition-colors",
        LOOKS[look],
      )}
    >
      {icon}
      {children}
    </Link>
  );
}
