import type { Socket } from "node:net";
import type { Priority } from "../domain/priority.ts";
import type { Clock } from "../platform/clock.ts";

/**
 * What is known of who is at the other end of a connection, by its last request: the class of its source, nothing yet, that it
 * was asked to come again later, or that it was not genuine.
 */
export type Standing = Priority | "new" | "refused" | "suspect";

/** Connections as far as turns go. */
export type Speaker = Pick<Socket, "pause" | "resume" | "destroyed">;

/**
 * Who is read next. Node reads every connection that has something, in one turn of its event loop, and takes one new connection
 * a turn: with a thousand busy ones a turn lasts a tenth of a second, commits end late, and whoever comes waits in the
 * system's backlog until it overflows (measured: docs/decisions/0010). So under pressure a connection that was answered
 * waits unread until its turn, the urgent before the others.
 */
export interface Turns {
  /** A connection was taken. It has a place in the line, but Node's own first read comes before that: docs/decisions/0010. */
  arrive(speaker: Speaker): void;
  /** A request began to be worked on. */
  begin(): void;
  /** A connection has all its answers: it may speak again, at once where few do. */
  rest(speaker: Speaker, standing: Standing): void;
  /**
   * How long the one that has waited longest waits, in milliseconds; 0 without any. Suspects do not count, nor those that come
   * again at once though they were asked to come later: to refuse them once more would make the wait no shorter.
   */
  waitedMs(): number;
}

/** Requests that one turn works on before the others have to wait: some 6 ms. */
export const TURN_REQUESTS_MAX = 64;
/** The same while each turn brings another connection: there are more behind it, and they are taken one a turn. */
const BUSY_DOOR_REQUESTS_MAX = 4;
/** The part of a turn that suspects have at most, so that forging costs the honest a part of their time and not most of it. */
const SUSPECT_PART = 8;

const COUNTED = ["critical", "new", "high", "normal", "low"] as const satisfies readonly Standing[];
const LINES = [...COUNTED, "refused"] as const;
type LineName = (typeof LINES)[number];

// Shares of sixteen: 6, 4, 2, 2, 1 and 1. Whose line is empty leaves its share to the most urgent that waits; none starves.
const ORDER: readonly LineName[] = [
  ...(["critical", "new", "high", "critical", "normal", "new", "critical", "high"] as const),
  ...(["critical", "new", "low", "critical", "refused", "new", "critical", "normal"] as const),
];

interface Waiting {
  readonly speaker: Speaker;
  readonly sinceMs: number;
}

/** First in, first out; taking from the front of a long array would cost its length. */
interface Line {
  waiting: Waiting[];
  head: number;
}

interface State {
  readonly clock: Clock;
  readonly soon: (step: () => void) => void;
  readonly lines: Readonly<Record<LineName | "suspect", Line>>;
  isPlanned: boolean;
  /** Requests of this turn, connections taken in it. */
  begun: number;
  arrived: number;
  place: number;
}

function emptyLine(): Line {
  return { waiting: [], head: 0 };
}

/** @param soon when the next turn is: after everything that this one has read */
export function createTurns(clock: Clock, soon: (step: () => void) => void = setImmediate): Turns {
  const lines = {
    critical: emptyLine(),
    new: emptyLine(),
    high: emptyLine(),
    normal: emptyLine(),
    low: emptyLine(),
    refused: emptyLine(),
    suspect: emptyLine(),
  };
  const state: State = { clock, soon, lines, isPlanned: false, begun: 0, arrived: 0, place: 0 };
  const rest = (speaker: Speaker, standing: Standing): void => {
    if (standing !== "suspect" && !isPressed(state)) return;
    speaker.pause();
    lines[standing].waiting.push({ speaker, sinceMs: clock.monotonicMs() });
    plan(state);
  };
  return {
    arrive: (speaker) => {
      state.arrived++;
      plan(state);
      rest(speaker, "new");
    },
    begin: () => {
      state.begun++;
      plan(state);
    },
    rest,
    waitedMs: () => {
      const since = COUNTED.map((name) => lines[name].waiting[lines[name].head]?.sinceMs ?? Infinity);
      return Math.max(0, clock.monotonicMs() - Math.min(...since));
    },
  };
}

function isPressed({ begun, lines }: State): boolean {
  return begun > TURN_REQUESTS_MAX || LINES.some((name) => !isEmpty(lines[name]));
}

function isEmpty({ waiting, head }: Line): boolean {
  return head >= waiting.length;
}

function plan(state: State): void {
  if (state.isPlanned) return;
  state.isPlanned = true;
  state.soon(() => {
    state.isPlanned = false;
    turn(state);
  });
}

function turn(state: State): void {
  const requestsMax = state.arrived > 0 ? BUSY_DOOR_REQUESTS_MAX : TURN_REQUESTS_MAX;
  state.begun = 0;
  state.arrived = 0;
  for (let i = 0; i < requestsMax; i++) {
    const line = nextLine(state);
    if (line === null) break;
    wake(line);
  }
  const { suspect } = state.lines;
  for (let i = 0; i < Math.ceil(requestsMax / SUSPECT_PART) && !isEmpty(suspect); i++) wake(suspect);
  if (Object.values(state.lines).some((line) => !isEmpty(line))) plan(state);
}

function nextLine(state: State): Line | null {
  const { lines } = state;
  const due = lines[ORDER[state.place++ % ORDER.length]!];
  if (!isEmpty(due)) return due;
  const name = LINES.find((one) => !isEmpty(lines[one]));
  return name === undefined ? null : lines[name];
}

const TRIM_AFTER = 1_024;

function wake(line: Line): void {
  const { speaker } = line.waiting[line.head++]!;
  // What was read is not held on to: its connection may be gone.
  if (isEmpty(line) || (line.head >= TRIM_AFTER && line.head * 2 >= line.waiting.length)) {
    line.waiting = line.waiting.slice(line.head);
    line.head = 0;
  }
  if (!speaker.destroyed) speaker.resume();
}
