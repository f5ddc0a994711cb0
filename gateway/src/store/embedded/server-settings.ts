import type { ClusterFolder } from "./cluster-folder.ts";

/** Where a server listens: a folder with its socket, or a port of the loopback address. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * The settings that the embedded server starts with. What decides durability (fsync, full_page_writes, synchronous_commit)
 * is left alone: the defaults are right, and the start-up guard refuses everything else. Memory is what is saved, where it
 * is not needed.
 */
export function serverSettings(folder: ClusterFolder, address: Address): Readonly<Record<string, string>> {
  const isSocket = address.host.startsWith("/");
  return {
    // The bundled OpenSSL is 1.1.1: nothing but this machine ever speaks to this server.
    ssl: "off",
    listen_addresses: isSocket ? "" : address.host,
    unix_socket_directories: isSocket ? folder.socketDir : "",
    unix_socket_permissions: "0700",
    port: `${address.port}`,
    max_connections: "60",
    // What is touched of it is taken, not more. With 32MB a queue of 30,000 and its history were written out and read back all the
    // time, an eighth of the database's time (docs/decisions/0018).
    shared_buffers: "128MB",
    huge_pages: "off",
    io_method: "sync",
    jit: "off",
    wal_level: "minimal",
    // To fill each new segment with zeros kept every commit waiting for 15 ms, once for every 16 MiB (docs/decisions/0014).
    wal_init_zero: "off",
    // What a backend writes out of the buffers goes to the disk soon, not all of thirty seconds at once: then a commit's sync
    // waited behind it for 25 to 60 ms (docs/decisions/0014).
    backend_flush_after: "1MB",
    max_wal_senders: "0",
    max_replication_slots: "0",
    max_logical_replication_workers: "0",
    max_parallel_workers_per_gather: "0",
    max_worker_processes: "4",
    autovacuum_naptime: "15s",
    // A killed gateway's running statement ends, and frees its locks, within this time.
    client_connection_check_interval: "2s",
    timezone: "UTC",
    log_timezone: "UTC",
    // Starts, stops and crashes, no statements: those may carry what a customer sent. The gateway logs its own errors.
    log_min_messages: "log",
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
    log_checkpoints: "off",
    log_autovacuum_min_duration: "-1",
    log_line_prefix: "%m [%p] ",
  };
}

/** The same as command-line arguments, which nothing in the cluster's own files overrides. */
export function settingArguments(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
