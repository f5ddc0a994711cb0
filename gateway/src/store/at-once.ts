import pg from "pg";
import type { Committed } from "./database.ts";
import type { Statement } from "./statement.ts";

/** A value as it travels: bytes in the type's binary form, or text that the server reads. */
export type SentValue = Buffer | string | number | boolean | null;

/** One statement of a transaction that is sent as a whole. */
export interface Step {
  readonly statement: Statement;
  readonly values: readonly SentValue[];
}

/** What came of it. A lost connection throws, and so does an error of the server. */
interface SentAtOnce {
  /** Rows that each step has written, in order. */
  readonly counts: readonly number[];
  /** What COMMIT was answered: COMMIT, or ROLLBACK after an error. */
  readonly tag: string;
}

/**
 * Sends BEGIN, the steps and COMMIT in one write, and reads their answers: one way there and back, where a transaction whose
 * steps wait for each other takes three and more. Between two of its turns the event loop works on what else has come, so each
 * way costs milliseconds under load (docs/decisions/0011).
 *
 * The steps end with one Sync of their own. If BEGIN failed they would still be written together or not at all, as PostgreSQL
 * takes what comes between two Syncs for one transaction (53.2.3): a ledger line without its event cannot come of it. After
 * an error nothing is run up to that Sync, and COMMIT then answers ROLLBACK.
 */
async function sendAtOnce(client: pg.PoolClient, steps: readonly Step[]): Promise<SentAtOnce> {
  // On any other the driver would send the second query only when the first is answered, and refuses that from version 9 on.
  if (!isPipelining(client)) throw new Error("the connection is not pipelined");
  const known = preparedOn(client);
  const bytes = encode(steps, known);
  const counts: number[] = [];
  const tags: string[] = [];
  const answers = await Promise.allSettled([
    exchange(client, bytes, () => {}),
    exchange(client, null, (tag) => counts.push(Number(tag.slice(tag.lastIndexOf(" ") + 1)))),
    exchange(client, null, (tag) => tags.push(tag)),
  ]);
  const failed = answers.find((answer) => answer.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  for (const { statement } of steps) known.add(statement.name);
  return { counts, tag: tags[0] ?? "" };
}

/** The same as a transaction's outcome; `value` is how many rows each step has written. */
export async function attemptAtOnce(
  client: pg.PoolClient,
  steps: readonly Step[],
): Promise<Committed<readonly number[]>> {
  const { counts, tag } = await sendAtOnce(client, steps);
  if (tag === "COMMIT") return { ok: true, value: counts };
  return { ok: false, unknown: false, code: null, message: `COMMIT was answered ${tag}` };
}

/** Whether it sends a statement before those before it are answered. */
export function isPipelining(client: pg.PoolClient): boolean {
  return (client as { pipeline?: boolean }).pipeline === true;
}

/** Runs steps in their order, each when the one before has ended. */
export async function oneByOne(steps: readonly (() => Promise<void>)[]): Promise<void> {
  for (const step of steps) await step();
}

/** What is sent on it in this turn of the event loop leaves in one write: a write to a socket costs more than the statement. */
export function together(client: pg.PoolClient): void {
  const { connection } = client as unknown as { connection: { stream: { cork(): void; uncork(): void } } };
  connection.stream.cork();
  process.nextTick(() => connection.stream.uncork());
}

const PREPARED = new WeakMap<pg.PoolClient, Set<string>>();

function preparedOn(client: pg.PoolClient): Set<string> {
  const known = PREPARED.get(client) ?? new Set<string>();
  PREPARED.set(client, known);
  return known;
}

interface Socketed {
  readonly stream: { write(bytes: Buffer): boolean };
}

/**
 * Waits for all that is answered up to the next ReadyForQuery.
 *
 * @param bytes what is sent; null where that was sent with those before
 */
function exchange(client: pg.PoolClient, bytes: Buffer | null, onTag: (tag: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    // The driver takes no other kind of query on a connection in pipeline mode, as it may not keep to one Sync. This one does.
    const query = new pg.Query("at once");
    const own = {
      submit: (connection: unknown) => {
        if (bytes !== null) (connection as Socketed).stream.write(bytes);
        return null;
      },
      handleCommandComplete: ({ text }: { readonly text: string }) => onTag(text),
      callback: (error: unknown) => (error === null || error === undefined ? resolve() : reject(error as Error)),
    };
    client.query(Object.assign(query, own));
  });
}

const BEGIN = simpleQuery("BEGIN");
const EXECUTE = Buffer.from("E\0\0\0\x09\0\0\0\0\0", "latin1");
const SYNC_AND_COMMIT = Buffer.concat([Buffer.from("S\0\0\0\x04", "latin1"), simpleQuery("COMMIT")]);

function encode(steps: readonly Step[], known: ReadonlySet<string>): Buffer {
  const parts: Buffer[] = [BEGIN];
  for (const { statement, values } of steps) {
    // What was made known in a transaction that failed may be known or not: to close what is not there is no error.
    if (!known.has(statement.name)) parts.push(close(statement.name), parse(statement));
    parts.push(bind(statement.name, values), EXECUTE);
  }
  parts.push(SYNC_AND_COMMIT);
  return Buffer.concat(parts);
}

/** A message of the protocol (PostgreSQL 53.7): its letter, and how long it is without that. */
function message(letter: string, content: string): Buffer {
  const bytes = Buffer.byteLength(content);
  const buffer = Buffer.allocUnsafe(5 + bytes);
  buffer.write(letter, 0, "latin1");
  buffer.writeInt32BE(4 + bytes, 1);
  buffer.write(content, 5);
  return buffer;
}

function simpleQuery(text: string): Buffer {
  return message("Q", `${text}\0`);
}

function close(name: string): Buffer {
  return message("C", `S${name}\0`);
}

function parse({ name, text }: Statement): Buffer {
  return message("P", `${name}\0${text}\0\0\0`);
}

/** On the unnamed portal: bytes in binary form, all else as text, and results, of which there are none, as text. */
function bind(name: string, values: readonly SentValue[]): Buffer {
  const sent = values.map((value) => (value === null || Buffer.isBuffer(value) ? value : Buffer.from(String(value))));
  const head = `B\0\0\0\0\0${name}\0`;
  const bytes = sent.reduce((sum, value) => sum + 6 + (value?.length ?? 0), head.length + 6);
  const buffer = Buffer.allocUnsafe(bytes);
  let at = buffer.write(head, "latin1");
  buffer.writeInt32BE(bytes - 1, 1);
  at = buffer.writeInt16BE(values.length, at);
  for (const value of values) at = buffer.writeInt16BE(Buffer.isBuffer(value) ? 1 : 0, at);
  at = buffer.writeInt16BE(values.length, at);
  for (const value of sent) {
    at = buffer.writeInt32BE(value === null ? -1 : value.length, at);
    if (value !== null) at += value.copy(buffer, at);
  }
  buffer.writeInt16BE(0, at);
  return buffer;
}
