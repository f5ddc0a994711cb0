import { cold } from "../statement.ts";

/**
 * Writes something to the server's log, and nothing to a table, so that the transaction's COMMIT waits for a synchronous standby, and
 * with it for all that was committed before. One that finds all it wants to write is there already would wait for nobody (PostgreSQL
 * lets only those wait that wrote), though the try before may have been cut off while it did.
 */
export const leaveRecord = cold("leave_record", "SELECT pg_logical_emit_message(true, 'holdfast', '')");
