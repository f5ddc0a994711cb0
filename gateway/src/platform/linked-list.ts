/** What can stand in a {@link LinkedList}: its neighbours there, kept by the list; null where there is none. */
export interface Linked<Self> {
  before: Self | null;
  after: Self | null;
}

/** Things in the order in which they were added. */
export interface LinkedList<One> extends Iterable<One> {
  readonly size: number;
  readonly first: One | null;
  /** Adds one that stands in no list. */
  add(one: One): void;
  /** @returns false when it is not there (any more) */
  delete(one: One): boolean;
}

/**
 * For what comes and goes with each request, in place of a Set or a Map: those make a new table whenever they have been added to as often
 * as the table has room, in the old generation once the first of them is there, and each dead table keeps what stood in it, until the
 * whole heap is collected (measured: docs/decisions/0019). Here one that is taken out is referred to by nothing, and refers to nothing.
 *
 * Whoever goes through it may take out the one at hand.
 */
export function createLinkedList<One extends Linked<One>>(): LinkedList<One> {
  let first: One | null = null;
  let last: One | null = null;
  let size = 0;
  return {
    get size() {
      return size;
    },
    get first() {
      return first;
    },
    add: (one) => {
      one.before = last;
      if (last === null) first = one;
      else last.after = one;
      last = one;
      size++;
    },
    delete: (one) => {
      if (one.before === null && first !== one) return false;
      if (one.before === null) first = one.after;
      else one.before.after = one.after;
      if (one.after === null) last = one.before;
      else one.after.before = one.before;
      one.before = null;
      one.after = null;
      size--;
      return true;
    },
    *[Symbol.iterator]() {
      for (let one = first; one !== null;) {
        const next: One | null = one.after;
        yield one;
        one = next;
      }
    },
  };
}
