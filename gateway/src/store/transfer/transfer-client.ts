import { Client } from "pg";

const CONNECT_TIMEOUT_MS = 10_000;

/** A connection for one export or import; a lost one fails its next statement. */
export async function connectForTransfer(url: string, applicationName: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** Closes the connection at once, also in the middle of a COPY whose other end has gone away. */
export function cutConnection(client: Client): void {
  const { connection } = client as unknown as { connection?: { stream?: { destroy(): void } } };
  connection?.stream?.destroy();
}
