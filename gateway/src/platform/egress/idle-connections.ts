import { closeConnection, type Connection, isOpen } from "./exchange.ts";

/** How many connections may wait for their next request. */
export interface IdleBounds {
  idleConnectionsMax: number;
  idlePerAddressMax: number;
}

/** Connections between two requests. */
export interface IdleConnections {
  /** Takes out the most recently used open connection of this key: it is the least likely to have gone stale. */
  take(key: string): Connection | null;
  /** Keeps a connection, closing the one that has waited longest where a bound is reached. A closed one is dropped. */
  keep(connection: Connection): void;
  close(): Promise<void>;
}

/** Keeps idle connections by origin and vetted address, so that one which is reused leads exactly where a new one would. */
export function createIdleConnections(bounds: IdleBounds): IdleConnections {
  // Both in the order of last use: a set remembers the order in which it was added to.
  const idle = new Set<Connection>();
  const byKey = new Map<string, Connection[]>();
  const watched = new WeakSet<Connection>();
  const closings = new Set<Promise<void>>();
  const remove = (connection: Connection): void => {
    idle.delete(connection);
    const same = byKey.get(connection.key) ?? [];
    const at = same.lastIndexOf(connection);
    if (at !== -1) same.splice(at, 1);
    if (same.length === 0) byKey.delete(connection.key);
  };
  const drop = (connection: Connection): void => {
    remove(connection);
    const closing = closeConnection(connection).finally(() => closings.delete(closing));
    closings.add(closing);
  };
  return {
    take(key) {
      for (;;) {
        const last = byKey.get(key)?.at(-1);
        if (last === undefined) return null;
        if (!isOpen(last)) {
          drop(last);
          continue;
        }
        remove(last);
        return last;
      }
    },
    keep(connection) {
      if (!isOpen(connection)) return drop(connection);
      const same = byKey.get(connection.key) ?? [];
      if (same.length >= bounds.idlePerAddressMax) drop(same[0]!);
      for (const oldest of idle) {
        if (idle.size < bounds.idleConnectionsMax) break;
        drop(oldest);
      }
      idle.add(connection);
      if (same.push(connection) === 1) byKey.set(connection.key, same);
      if (watched.has(connection)) return;
      watched.add(connection);
      connection.client.once("disconnect", () => drop(connection));
    },
    async close() {
      for (const connection of idle) drop(connection);
      await Promise.all(closings);
    },
  };
}
