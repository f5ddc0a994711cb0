import type { Handler } from "../domain/handler.ts";
import type { ConfigFault } from "./config-fault.ts";
import { nearestName, shown } from "../domain/field-checks.ts";
import { isRecord } from "./read-settings.ts";
import { SETTING_GROUPS, SETTING_PATHS } from "./settings.ts";

/** The configuration file's content, sorted by what it is. Settings stay where they are; their reader finds them by path. */
export interface SplitFile {
  /** `sources`, `destinations`, `routes`, `reconciliations` and `alerts` with functions replaced by their names; null without any of them. */
  readonly definition: Readonly<Record<string, unknown>> | null;
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly faults: readonly ConfigFault[];
}

const DEFINITION_KEYS = ["sources", "destinations", "routes", "reconciliations", "alerts"];
const TOP_KEYS = [
  ...DEFINITION_KEYS,
  "handlers",
  ...SETTING_GROUPS,
  ...SETTING_PATHS.filter((path) => !path.includes(".")),
];

/** Sorts the content of a configuration file and finds the keys that nobody reads. */
export function splitFile(content: Readonly<Record<string, unknown>>): SplitFile {
  const faults: ConfigFault[] = [...findUnknownKeys(content)];
  const handlers = readHandlers(content["handlers"], faults);
  const declared = DEFINITION_KEYS.filter((key) => content[key] !== undefined);
  if (declared.length === 0) return { definition: null, handlers, faults };
  const definition = Object.fromEntries(declared.map((key) => [key, content[key]]));
  const destinations = content["destinations"];
  if (isRecord(destinations)) definition["destinations"] = nameHandlers(destinations, handlers, faults);
  return { definition, handlers, faults };
}

function* findUnknownKeys(content: Readonly<Record<string, unknown>>): Generator<ConfigFault> {
  for (const [key, value] of Object.entries(content)) {
    if (!TOP_KEYS.includes(key)) yield { path: shown(key), problem: unknownKey(key, TOP_KEYS) };
    if (!SETTING_GROUPS.includes(key) || value === undefined) continue;
    if (!isRecord(value)) {
      yield { path: key, problem: "must be an object" };
      continue;
    }
    const known = SETTING_PATHS.filter((path) => path.startsWith(`${key}.`)).map((path) => path.slice(key.length + 1));
    for (const inner of Object.keys(value)) {
      if (!known.includes(inner)) yield { path: `${key}.${shown(inner)}`, problem: unknownKey(inner, known) };
    }
  }
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearestName(key, known);
  return near === null ? `is not known here; known are ${known.join(", ")}` : `is not known; did you mean ${near}?`;
}

function readHandlers(given: unknown, faults: ConfigFault[]): Record<string, Handler> {
  const handlers: Record<string, Handler> = Object.create(null);
  if (given === undefined) return handlers;
  if (!isRecord(given)) {
    faults.push({ path: "handlers", problem: "must be an object of functions" });
    return handlers;
  }
  for (const [name, handler] of Object.entries(given)) {
    if (isHandler(handler)) handlers[name] = handler;
    else faults.push({ path: `handlers.${shown(name)}`, problem: "must be a function (event, tx) => …" });
  }
  return handlers;
}

/** A function in place of a handler's name becomes a handler with the destination's own name. */
function nameHandlers(
  destinations: Readonly<Record<string, unknown>>,
  handlers: Record<string, Handler>,
  faults: ConfigFault[],
): Record<string, unknown> {
  const named = Object.entries(destinations).map(([name, destination]): [string, unknown] => {
    if (!isRecord(destination)) return [name, destination];
    const { handler } = destination;
    if (typeof handler === "string" && handlers[handler] === undefined) {
      const near = nearestName(handler, Object.keys(handlers));
      const advice = near === null ? "add it there, or give the function here" : `did you mean ${near}?`;
      faults.push({ path: `destinations.${shown(name)}.handler`, problem: `names no function of handlers; ${advice}` });
    }
    if (!isHandler(handler)) return [name, destination];
    if (handlers[name] !== undefined && handlers[name] !== handler) {
      faults.push({
        path: `destinations.${shown(name)}.handler`,
        problem: `is another function than handlers.${shown(name)}; rename one`,
      });
    }
    handlers[name] = handler;
    return [name, { ...destination, handler: name }];
  });
  return Object.fromEntries(named);
}

function isHandler(value: unknown): value is Handler {
  return typeof value === "function";
}
