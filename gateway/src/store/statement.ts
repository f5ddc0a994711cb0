import type { ClientBase, QueryResult, QueryResultRow } from "pg";

/**
 * One SQL statement: its prepared name, its whole text, and whether it runs on the path of an event. Hot statements obey
 * the stricter rules that keep the step to a cluster open (test/store/hot-statements.test.ts).
 */
export interface Statement<Row extends QueryResultRow = QueryResultRow> {
  readonly name: string;
  /** As one server runs it. */
  readonly text: string;
  /** As a cluster runs it: the same, each relation restricted to the buckets of one shard. */
  readonly shardText: string;
  readonly hot: boolean;
  /** How many parameters `text` takes; those that only the shard test needs stand last. */
  readonly parameters: number;
  /** Only carries the row's type. */
  readonly row?: Row;
}

const SHARD_TEST = /\/\*shard\*\/(.*?)\/\*\.\*\//gs;
const ONE_SERVER = /\/\*one\*\/(.*?)\/\*\.\*\//gs;

/**
 * A statement on the path of an event. What stands between the marks of a shard test is there for a cluster alone: on one
 * server it only leads the planner astray (docs/decisions/0003: a claim takes 1.1 ms without and 180 ms with it). What stands
 * between the marks of one server is there for that alone.
 */
export function hot<Row extends QueryResultRow = QueryResultRow>(name: string, text: string): Statement<Row> {
  const one = text.replaceAll(SHARD_TEST, "").replaceAll(ONE_SERVER, "$1");
  return build(name, one, text.replaceAll(ONE_SERVER, "").replaceAll(SHARD_TEST, "$1"), true);
}

/**
 * The first column of a key to find a row by that another row has: `d.bucket = ${keyOf("u.bucket")}` is `d.bucket = u.bucket`, and has
 * the planner look the row up whatever it knows of the table. With the bare equality it may as well go through the whole index and
 * compare, which is cheaper while the table is empty, and keeps that plan for the first minute of a burst (docs/decisions/0016).
 */
export function keyOf(column: string): string {
  return `ANY (ARRAY[${column}])`;
}

export function cold<Row extends QueryResultRow = QueryResultRow>(name: string, text: string): Statement<Row> {
  return build(name, text, text, false);
}

function build<Row extends QueryResultRow>(
  name: string,
  text: string,
  shardText: string,
  isHot: boolean,
): Statement<Row> {
  const numbers = [...text.matchAll(/\$(\d+)/g)].map((match) => Number(match[1]));
  return { name, text, shardText, hot: isHot, parameters: Math.max(0, ...numbers) };
}

/** Anything that runs a statement: a pool, a client, a transaction. */
export interface Queryable {
  run<Row extends QueryResultRow>(statement: Statement<Row>, values: readonly unknown[]): Promise<QueryResult<Row>>;
}

/** Runs a statement on one connection; hot ones as named prepared statements. */
export function runOn<Row extends QueryResultRow>(
  client: ClientBase,
  statement: Statement<Row>,
  values: readonly unknown[],
): Promise<QueryResult<Row>> {
  const { name, text } = statement;
  const sent = values.slice(0, statement.parameters);
  return client.query<Row>(statement.hot ? { name, text, values: sent } : { text, values: sent });
}
