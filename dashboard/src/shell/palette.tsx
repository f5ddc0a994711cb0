import { useNavigate } from "@tanstack/react-router";
import { Command } from "cmdk";
import { Search } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import { useEffect, useState } from "react";
import { api } from "../api/api.ts";
import { KEYS, PLACES } from "./places.ts";

/** What an id that was pasted leads to. */
interface Found {
  readonly word: string;
  readonly detail: string;
  readonly to: string;
}

/** ⌘K: goes to a screen, or finds an event, delivery or rejection by any id, the provider's own as well. */
export function Palette({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const [text, setText] = useState("");
  const navigate = useNavigate();
  const { found, searching } = useFound(text.trim());
  const helpOpen = useKeys(() => onOpenChange(true));
  const go = (to: string): void => {
    onOpenChange(false);
    setText("");
    void navigate({ to });
  };
  return (
    <>
      <Radix.Root open={open} onOpenChange={onOpenChange}>
        <Radix.Portal>
          <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
          <Radix.Content
            aria-describedby={undefined}
            className="fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-xl border border-line bg-raised shadow-2xl"
          >
            <Radix.Title className="sr-only">Find anything</Radix.Title>
            <Command label="Find anything" loop>
              <div className="flex items-center gap-2 border-b border-line px-4">
                <Search size={15} aria-hidden className="text-faint" />
                <Command.Input
                  value={text}
                  onValueChange={setText}
                  placeholder="A screen, or any id: evt_…, dlv_…, pi_…, a delivery's GUID"
                  className="h-11 w-full bg-transparent text-sm outline-none placeholder:text-faint"
                />
              </div>
              <Command.List className="max-h-[50vh] overflow-y-auto p-2 text-[13px]">
                <Command.Empty className="px-3 py-6 text-center text-faint">
                  {searching ? "Looking it up …" : "Nothing of this name. Paste a whole id to find an event."}
                </Command.Empty>
                {found.map((item) => (
                  <Command.Item key={item.to} value={`${text} ${item.to}`} onSelect={() => go(item.to)} className={ROW}>
                    <span className="truncate font-medium">{item.word}</span>
                    <span className="ml-auto truncate text-faint">{item.detail}</span>
                  </Command.Item>
                ))}
                {PLACES.map(({ to, word, icon: Icon, letter }) => (
                  <Command.Item key={to} value={word} onSelect={() => go(to)} className={ROW}>
                    <Icon size={14} aria-hidden className="text-faint" />
                    {word}
                    <kbd className="ml-auto font-sans text-2xs text-faint">g {letter}</kbd>
                  </Command.Item>
                ))}
              </Command.List>
            </Command>
          </Radix.Content>
        </Radix.Portal>
      </Radix.Root>
      <KeyHelp open={helpOpen.open} onOpenChange={helpOpen.setOpen} />
    </>
  );
}

const ROW = "flex h-9 items-center gap-2.5 rounded-md px-3 aria-selected:bg-accent-soft aria-selected:text-ink";
const LOOK_AFTER_MS = 200;

function useFound(text: string): { found: readonly Found[]; searching: boolean } {
  const [state, setState] = useState<{ text: string; found: readonly Found[] }>({ text: "", found: [] });
  useEffect(() => {
    if (text.length < 6) return undefined;
    let isCurrent = true;
    const timer = setTimeout(() => {
      void find(text).then((found) => {
        if (isCurrent) setState({ text, found });
      });
    }, LOOK_AFTER_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [text]);
  const isKnown = state.text === text;
  return { found: isKnown ? state.found : [], searching: text.length >= 6 && !isKnown };
}

async function find(text: string): Promise<Found[]> {
  if (text.startsWith("evt_")) {
    const own = await api.events.get(text).catch(() => null);
    if (own !== null) return [{ word: own.eventType ?? "Event", detail: own.source, to: `/events/${own.id}` }];
  }
  if (text.startsWith("dlv_")) {
    const delivery = await api.deliveries.get(text).catch(() => null);
    if (delivery !== null)
      return [
        { word: `Delivery to ${delivery.destination}`, detail: delivery.state, to: `/events/${delivery.eventId}` },
      ];
  }
  if (text.startsWith("rej_")) {
    const rejection = await api.rejections.get(text).catch(() => null);
    if (rejection !== null)
      return [{ word: `Rejected: ${rejection.reason}`, detail: rejection.source, to: `/rejections/${rejection.id}` }];
  }
  const page = await api.events.page({ providerId: text, limit: 5 }).catch(() => null);
  return (page?.items ?? []).map((event) => ({
    word: event.eventType ?? "Event",
    detail: `${event.source} ${event.providerEventId ?? ""}`,
    to: `/events/${event.id}`,
  }));
}

/** The keys that work everywhere: ⌘K, ?, and g with a letter. Keys that are typed into a field are left alone. */
function useKeys(openPalette: () => void): { open: boolean; setOpen: (open: boolean) => void } {
  const [open, setOpen] = useState(false);
  const navigate = useNavigate();
  useEffect(() => {
    let afterG = false;
    const onKey = (event: KeyboardEvent): void => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        return openPalette();
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
      if (event.key === "?") setOpen(true);
      const place = afterG ? PLACES.find(({ letter }) => letter === event.key) : undefined;
      afterG = event.key === "g";
      if (place !== undefined) void navigate({ to: place.to });
      if (event.key === "/") {
        const field = document.querySelector<HTMLInputElement>("[data-filter]");
        if (field !== null) event.preventDefault();
        field?.focus();
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [navigate, openPalette]);
  return { open, setOpen };
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

function KeyHelp({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/40" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed top-[15vh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-md -translate-x-1/2 rounded-xl border border-line bg-raised p-5 shadow-2xl"
        >
          <Radix.Title className="mb-3 text-base font-semibold">Keys</Radix.Title>
          <dl className="grid grid-cols-[max-content_1fr] gap-x-5 gap-y-2 text-[13px]">
            {KEYS.map(([keys, what]) => (
              <div key={keys} className="contents">
                <dt className="font-medium">{keys}</dt>
                <dd className="text-soft">{what}</dd>
              </div>
            ))}
          </dl>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
