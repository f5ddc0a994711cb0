import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { LogOut, Menu, Moon, Search, Sun } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { useState } from "react";
import { attentionQuery } from "../api/attention.ts";
import { sessionQuery, signOut } from "../api/session.ts";
import { classNames } from "../parts/class-names.ts";
import { Dialog } from "../parts/dialog.tsx";
import { FaultPanel } from "../parts/outcome.tsx";
import { useZone, zoneName } from "../parts/zone.tsx";
import { Navigation } from "./navigation.tsx";
import { Palette } from "./palette.tsx";
import { useTheme } from "./theme.ts";

/** The frame of every screen: navigation, search, theme and time zone. */
export function Shell() {
  const [paletteOpen, setPaletteOpen] = useState(false);
  const [menuOpen, setMenuOpen] = useState(false);
  const attention = useQuery(attentionQuery);
  const counts = attention.data ?? {};
  return (
    <div className="lg:grid lg:min-h-dvh lg:grid-cols-[216px_minmax(0,1fr)]">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded focus:bg-raised focus:px-3 focus:py-2"
      >
        Skip to the content
      </a>
      <aside className="sticky top-0 hidden h-dvh overflow-y-auto border-r border-line bg-raised lg:block">
        <Brand />
        <Navigation counts={counts} />
      </aside>
      <div className="flex min-w-0 flex-col">
        <header className="sticky top-0 z-30 flex h-12 items-center gap-2 border-b border-line bg-paper/90 px-3 backdrop-blur sm:px-6">
          <IconButton label="Open the menu" className="lg:hidden" onClick={() => setMenuOpen(true)}>
            <Menu size={17} aria-hidden />
          </IconButton>
          <button
            type="button"
            onClick={() => setPaletteOpen(true)}
            className="flex h-8 min-w-0 flex-1 items-center gap-2 rounded-md border border-line bg-raised px-2.5 text-[13px] text-faint hover:border-line-strong sm:max-w-md"
          >
            <Search size={14} aria-hidden />
            <span className="truncate">Find an event by any id, a screen, a source</span>
            <kbd className="ml-auto hidden rounded border border-line px-1.5 font-sans text-2xs sm:block">⌘K</kbd>
          </button>
          <div className="ml-auto flex items-center gap-1">
            <ZoneSwitch />
            <ThemeSwitch />
            <SignOut />
          </div>
        </header>
        <main id="content" tabIndex={-1} className="min-w-0 flex-1 outline-none">
          <Outlet />
        </main>
      </div>
      <Radix.Root open={menuOpen} onOpenChange={setMenuOpen}>
        <Radix.Portal>
          <Radix.Overlay className="fixed inset-0 z-40 bg-black/40 lg:hidden" />
          <Radix.Content
            aria-describedby={undefined}
            className="fixed inset-y-0 left-0 z-50 w-64 overflow-y-auto border-r border-line bg-raised lg:hidden"
          >
            <Radix.Title className="sr-only">Menu</Radix.Title>
            <Brand />
            <Navigation counts={counts} onGo={() => setMenuOpen(false)} />
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
      <Palette open={paletteOpen} onOpenChange={setPaletteOpen} />
    </div>
  );
}

function Brand() {
  return (
    <Link to="/" className="flex h-12 items-center gap-2.5 border-b border-line px-5 font-semibold tracking-tight">
      <img src="/favicon.svg" alt="" width={20} height={20} />
      Holdfast
    </Link>
  );
}

export function IconButton({
  label,
  className,
  onClick,
  children,
}: {
  label: string;
  className?: string;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      onClick={onClick}
      className={classNames(
        "inline-flex size-8 shrink-0 items-center justify-center rounded-md text-soft hover:bg-sunken hover:text-ink",
        className,
      )}
    >
      {children}
    </button>
  );
}

function ThemeSwitch() {
  const { dark, toggle } = useTheme();
  return (
    <IconButton label={dark ? "Use the light theme" : "Use the dark theme"} onClick={toggle}>
      {dark ? <Sun size={16} aria-hidden /> : <Moon size={16} aria-hidden />}
    </IconButton>
  );
}

function ZoneSwitch() {
  const { zone, choose } = useZone();
  const other = zone === "utc" ? "local" : "utc";
  return (
    <button
      type="button"
      title={`Times are in ${zoneName(zone)}; switch to ${zoneName(other)}`}
      onClick={() => choose(other)}
      className="hidden h-8 rounded-md px-2 text-xs text-soft hover:bg-sunken hover:text-ink sm:block"
    >
      <span className="sr-only">Times are in </span>
      {zoneName(zone)}
    </button>
  );
}

async function leave(): Promise<void> {
  const { url } = await signOut();
  // The provider's own session is ended on its own page.
  if (url !== null) window.location.assign(url);
}

function SignOut() {
  const client = useQueryClient();
  const session = useQuery(sessionQuery);
  const leaving = useMutation({
    mutationFn: leave,
    // Not waited for: what went wrong is said at once, and not when the look at the session has failed as well.
    onSettled: () => void client.invalidateQueries({ queryKey: ["session"] }),
  });
  return (
    <>
      <IconButton label={`Sign out ${session.data?.name ?? ""}`.trim()} onClick={() => leaving.mutate()}>
        <LogOut size={15} aria-hidden />
      </IconButton>
      <Dialog
        open={leaving.error !== null}
        onClose={() => leaving.reset()}
        title="You are still signed in"
        lead="Whoever uses this browser next could go on in your name."
      >
        <FaultPanel error={leaving.error} onRetry={() => leaving.mutate()} />
      </Dialog>
    </>
  );
}
