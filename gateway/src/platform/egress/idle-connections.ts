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
  // A set remembers insertion order, which here is the order of last use.
  const idle = new Set<Connection>();
  const watched = new WeakSet<Connection>();
  const closings = new Set<Promise<void>>();
  const drop = (connection: Connection): void => {
    idle.delete(connection);
    const closing = closeConnection(connection).finally(() => closings.delete(closing));
    closings.add(closing);
  };
  const ofKey = (key: string): Connection[] => [...idle].filter((connection) => connection.key === key);
  return {
    take(key) {
      for (const connection of ofKey(key).toReversed()) {
        if (!isOpen(connection)) {
          drop(connection);
          continue;
        }
        idle.delete(connection);
        return connection;
      }
      return null;
    },
    keep(connection) {
      if (!isOpen(connection)) return drop(connection);
      const [oldestOfKey, ...others] = ofKey(connection.key);
      if (oldestOfKey !== undefined && others.length + 1 >= bounds.idlePerAddressMax) drop(oldestOfKey);
      for (const oldest of idle) if (idle.size >= bounds.idleConnectionsMax) drop(oldest);
      idle.add(connection);
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
