import pg from "pg";

/** One connection that hints travel over, in both directions. */
export interface HintChannel {
  /** Tells whoever listens on this database. Rejects when the connection is gone. */
  send(channel: string, payload: string): Promise<void>;
  /** Rejects when the connection does not answer. */
  probe(): Promise<void>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 5_000;

/**
 * Opens it and listens on the channels; rejects when the database cannot be reached. A connection of its own: one of a pool
 * would lose its LISTEN with its place, and a commit that notifies takes a lock that all notifying commits share (measured:
 * facts, LISTEN/NOTIFY), so it must not be one that records.
 *
 * @param options.onLost the connection has ended; called once, also after `close`
 */
export async function openHintChannel(options: {
  readonly url: string;
  readonly channels: readonly string[];
  readonly onHint: (channel: string, payload: string) => void;
  readonly onLost: () => void;
}): Promise<HintChannel> {
  const client = new pg.Client({
    connectionString: options.url,
    application_name: "holdfast hints",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
  });
  client.on("error", () => {});
  client.once("end", options.onLost);
  client.on("notification", ({ channel, payload }) => options.onHint(channel, payload ?? ""));
  try {
    await client.connect();
    for (const channel of options.channels) await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
  } catch (error) {
    destroy(client);
    throw error;
  }
  return {
    send: async (channel, payload) => void (await client.query("SELECT pg_notify($1, $2)", [channel, payload])),
    probe: async () => void (await client.query("SELECT 1")),
    close: async () => {
      const ended = new Promise((resolve) => client.once("end", resolve));
      destroy(client);
      await ended;
    },
  };
}

// Nothing is under way that matters, and a frozen server would never say good-bye.
function destroy(client: pg.Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}
