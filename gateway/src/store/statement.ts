import type { ClientBase, QueryResult, QueryResultRow } from "pg";

/**
 * One SQL statement: its prepared name, its whole text, and whether it runs on the path of an event. Hot statements obey
 * the stricter rules that keep the step to a cluster open (test/store/hot-statements.test.ts).
 */
export interface Statement<Row extends QueryResultRow = QueryResultRow> {
  readonly name: string;
  readonly text: string;
  readonly hot: boolean;
  /** Only carries the row's type. */
  readonly row?: Row;
}

export function hot<Row extends QueryResultRow = QueryResultRow>(name: string, text: string): Statement<Row> {
  return { name, text, hot: true };
}

export function cold<Row extends QueryResultRow = QueryResultRow>(name: string, text: string): Statement<Row> {
  return { name, text, hot: false };
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
  const config = { text: statement.text, values: values as unknown[] };
  return client.query<Row>(statement.hot ? { ...config, name: statement.name } : config);
}
