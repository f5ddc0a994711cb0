import type { ClientBase } from "pg";

export interface AppliedMigration {
  readonly number: number;
  readonly name: string;
  readonly sha256: string;
}

export interface Partition {
  readonly name: string;
  /** As PostgreSQL writes it: `FOR VALUES FROM (…) TO (…)`, or `DEFAULT`. */
  readonly bound: string;
}

export interface Table {
  readonly name: string;
  /** Quoted where need be, in their order; without generated columns, which the server fills. */
  readonly columns: readonly string[];
  readonly partitioned: boolean;
  readonly partitions: readonly Partition[];
}

/** What the schema `holdfast` of a database looks like, read from the catalogue; tables after those that they refer to. */
export interface SchemaShape {
  readonly migrations: readonly AppliedMigration[];
  readonly tables: readonly Table[];
}

const FIND_SCHEMA = `select pg_catalog.to_regclass('holdfast.migration') is not null as present`;

const LIST_MIGRATIONS = `select number, name, sha256 from holdfast.migration order by number`;

// The record of migrations is compared, never copied.
const LIST_TABLES = `
select c.relname as name,
       c.relkind = 'p' as partitioned,
       (select array_agg(quote_ident(a.attname) order by a.attnum)
          from pg_catalog.pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
       coalesce((select json_agg(json_build_object('name', p.relname, 'bound', pg_get_expr(p.relpartbound, p.oid)) order by p.relname)
          from pg_catalog.pg_inherits i join pg_catalog.pg_class p on p.oid = i.inhrelid
         where i.inhparent = c.oid), '[]') as partitions
  from pg_catalog.pg_class c
 where c.relnamespace = 'holdfast'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'migration'
 order by c.relname`;

const LIST_REFERENCES = `
select f.relname as "from", t.relname as "to"
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_class f on f.oid = k.conrelid
  join pg_catalog.pg_class t on t.oid = k.confrelid
 where k.contype = 'f' and k.conparentid = 0 and f.relnamespace = 'holdfast'::regnamespace and f.oid <> t.oid`;

const FIND_SEQUENCE = `select relname from pg_catalog.pg_class where relkind = 'S' and relnamespace = 'holdfast'::regnamespace limit 1`;

/** Reads the shape; null when the database has no schema of ours. */
export async function readSchemaShape(client: ClientBase): Promise<SchemaShape | null> {
  const found = await client.query<{ present: boolean }>(FIND_SCHEMA);
  if (found.rows[0]?.present !== true) return null;
  const sequence = await client.query<{ relname: string }>(FIND_SEQUENCE);
  if (sequence.rows[0] !== undefined)
    throw new Error(`the schema has a sequence (${sequence.rows[0].relname}), which an export does not carry`);
  const migrations = await client.query<AppliedMigration>(LIST_MIGRATIONS);
  const tables = await client.query<Table>(LIST_TABLES);
  const references = await client.query<{ from: string; to: string }>(LIST_REFERENCES);
  return { migrations: migrations.rows, tables: orderByReferences(tables.rows, references.rows) };
}

/** Puts each table after all those that it refers to. A circle would be a mistake of the schema, and throws. */
export function orderByReferences(
  tables: readonly Table[],
  references: readonly { from: string; to: string }[],
): Table[] {
  const ordered: Table[] = [];
  const waiting = new Map(tables.map((table) => [table.name, table]));
  while (waiting.size > 0) {
    const free = [...waiting.values()].filter(
      (table) => !references.some(({ from, to }) => from === table.name && waiting.has(to)),
    );
    if (free.length === 0)
      throw new Error(`the tables ${[...waiting.keys()].join(", ")} refer to each other in a circle`);
    for (const table of free) {
      ordered.push(table);
      waiting.delete(table.name);
    }
  }
  return ordered;
}

/** How values are written and read, whatever the server's and the role's own settings; holds until the transaction ends. */
export const TRANSFER_SETTINGS = [
  "set local client_encoding = 'UTF8'",
  "set local bytea_output = 'hex'",
  "set local datestyle = 'ISO, YMD'",
  "set local intervalstyle = 'postgres'",
  "set local timezone = 'UTC'",
  "set local extra_float_digits = 1",
  // An error is better than rows that a policy leaves out without a word.
  "set local row_security = off",
  "set local statement_timeout = 0",
  "set local idle_in_transaction_session_timeout = 0",
  "set local lock_timeout = '10s'",
].join("; ");
