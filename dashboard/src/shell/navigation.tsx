import { Link } from "@tanstack/react-router";
import { PLACES } from "./places.ts";

const GROUPS = ["see", "repair", "set up", "govern"] as const;

/** The list of screens. `counts` puts a number beside the ones that want attention. */
export function Navigation({ counts, onGo }: { counts: Readonly<Record<string, number>>; onGo?: () => void }) {
  return (
    <nav aria-label="Screens" className="flex flex-col gap-4 px-3 py-3">
      {GROUPS.map((group) => (
        <ul key={group} className="flex flex-col gap-px" aria-label={group}>
          {PLACES.filter((place) => place.group === group).map(({ to, word, icon: Icon }) => (
            <li key={to}>
              <Link
                to={to}
                {...(onGo === undefined ? {} : { onClick: onGo })}
                activeOptions={{ exact: to === "/" }}
                className="flex h-8 items-center gap-2.5 rounded-md px-2.5 text-[13px] text-soft hover:bg-sunken hover:text-ink"
                activeProps={{ className: "!bg-accent-soft !text-ink font-medium", "aria-current": "page" }}
              >
                <Icon size={15} strokeWidth={1.9} aria-hidden />
                <span className="min-w-0 flex-1 truncate">{word}</span>
                <Count value={counts[to] ?? 0} />
              </Link>
            </li>
          ))}
        </ul>
      ))}
    </nav>
  );
}

function Count({ value }: { value: number }) {
  if (value === 0) return null;
  return (
    <span className="rounded-full bg-bad-soft px-1.5 text-2xs font-semibold text-bad tabular-nums">
      {value > 999 ? "999+" : value}
    </span>
  );
}
