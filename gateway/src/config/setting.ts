/** What a value was read as, or what is wrong with it: the end of a sentence that begins with its name. */
export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/**
 * One value of the configuration: where it may come from and what it may be. A flag and a variable give text, the
 * configuration file gives the value itself; `read` takes either.
 */
export interface Setting<T> {
  /** The environment variable; null where there is none. */
  readonly variable: string | null;
  /** True when `<variable>_FILE` may name a file that holds the value, as container secrets do. */
  readonly secret: boolean;
  /** The flag of `dev` and `start`, without dashes; null where there is none. */
  readonly flag: string | null;
  readonly fallback: T;
  /** What the value may be, for docs/configuration.md and for messages. */
  readonly range: string;
  /** One line: what it is for. */
  readonly meaning: string;
  read(raw: unknown): Reading<T>;
}

type Facts<T> = Pick<Setting<T>, "fallback" | "meaning"> & Partial<Pick<Setting<T>, "variable" | "flag" | "secret">>;

function withDefaults<T>(facts: Facts<T>, range: string, read: Setting<T>["read"]): Setting<T> {
  return { variable: null, flag: null, secret: false, ...facts, range, read };
}

/** A whole number between two bounds, both allowed. */
export function wholeNumber(min: number, max: number, facts: Facts<number>): Setting<number> {
  const range = `${min} to ${max}`;
  return withDefaults(facts, range, (raw) => {
    const value = typeof raw === "string" && /^\d{1,15}$/.test(raw) ? Number(raw) : raw;
    if (typeof value !== "number" || !Number.isInteger(value)) return wrong(`must be a whole number, ${range}`, raw);
    return value >= min && value <= max ? { ok: true, value } : wrong(`must be ${range}`, raw);
  });
}

/** Text that `check` finds nothing wrong with; it returns the problem or null. */
export function text<T extends string | null>(
  range: string,
  check: (value: string) => string | null,
  facts: Facts<T>,
): Setting<T | string> {
  return withDefaults<T | string>(facts, range, (raw) => {
    if (typeof raw !== "string" || raw.trim() === "") return { ok: false, problem: `must be ${range}, and not empty` };
    const problem = check(raw);
    return problem === null ? { ok: true, value: raw } : { ok: false, problem };
  });
}

/** One of a closed list of words. */
export function oneOf<T extends string>(words: readonly T[], facts: Facts<T>): Setting<T> {
  const range = words.join(", ");
  return withDefaults(facts, range, (raw) => {
    const value = words.find((word) => word === raw);
    return value === undefined ? wrong(`must be one of ${range}`, raw) : { ok: true, value };
  });
}

/** A list: in a flag or variable separated by commas. `readItem` returns the item or what is wrong with it. */
export function listOf<T>(
  range: string,
  readItem: (text: string) => Reading<T>,
  facts: Facts<readonly T[]>,
): Setting<readonly T[]> {
  return withDefaults(facts, range, (raw) => {
    const items = typeof raw === "string" ? raw.split(",").map((item) => item.trim()) : raw;
    if (!Array.isArray(items) || items.length > LIST_ITEMS_MAX) {
      return { ok: false, problem: `must be a list of at most ${LIST_ITEMS_MAX}: ${range}` };
    }
    const values: T[] = [];
    for (const item of items as readonly unknown[]) {
      const reading: Reading<T> = typeof item === "string" ? readItem(item) : wrong(`must hold text`, item);
      if (!reading.ok) return reading;
      values.push(reading.value);
    }
    return { ok: true, value: values };
  });
}

const LIST_ITEMS_MAX = 100;

function wrong(problem: string, raw: unknown): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem: `${problem}; it is ${show(raw)}` };
}

function show(raw: unknown): string {
  const shown = typeof raw === "string" || typeof raw === "number" ? JSON.stringify(raw) : `of type ${typeof raw}`;
  return shown.slice(0, 60);
}
