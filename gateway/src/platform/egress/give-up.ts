import type { Linked, LinkedList } from "../linked-list.ts";
import { createLinkedList } from "../linked-list.ts";

/** What ends a request early. An AbortSignal is one; {@link createGiveUp} makes one for a small part of what that costs. */
export interface EndSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", act: () => void, options?: { once: true }): void;
  removeEventListener(type: "abort", act: () => void): void;
}

export interface GiveUp {
  readonly signal: EndSignal;
  /** Once: those who listen are told, in the order in which they came. */
  abort(): void;
}

/** A controller and its signal. Node's own cost a delivery 3 KB of garbage and a search through all other listeners (measured). */
export function createGiveUp(): GiveUp {
  // A few at a time.
  let listeners: (() => void)[] = [];
  const state = { aborted: false };
  return {
    signal: {
      get aborted() {
        return state.aborted;
      },
      addEventListener: (_type, act) => void listeners.push(act),
      removeEventListener: (_type, act) => {
        listeners = listeners.filter((listener) => listener !== act);
      },
    },
    abort: () => {
      if (state.aborted) return;
      state.aborted = true;
      // One that another takes out as it is told is not told any more.
      for (const act of listeners) if (listeners.includes(act)) act();
      listeners = [];
    },
  };
}

interface Follower extends Linked<Follower> {
  readonly act: () => void;
}

const followers = new WeakMap<AbortSignal, LinkedList<Follower>>();

/**
 * Calls `act` when the signal is aborted, at once if it is. All requests of a worker share one signal, so there is one listener on
 * it for all of them.
 *
 * @returns ends it
 */
export function follow(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) act();
  const acts = followers.get(signal) ?? listen(signal);
  const follower: Follower = { act, before: null, after: null };
  acts.add(follower);
  return () => void acts.delete(follower);
}

function listen(signal: AbortSignal): LinkedList<Follower> {
  const acts = createLinkedList<Follower>();
  followers.set(signal, acts);
  signal.addEventListener(
    "abort",
    () => {
      // Before the first is told: whoever is may take others out.
      const told = [...acts];
      for (const { act } of told) act();
    },
    { once: true },
  );
  return acts;
}
