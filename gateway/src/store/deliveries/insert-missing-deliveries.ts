import { hot } from "../statement.ts";
import { NEW_DELIVERIES } from "./insert-deliveries.ts";

/** Queues deliveries that may be there already, with the parameters of `insertDeliveries`. */
export const insertMissingDeliveries = hot("insert_missing_deliveries", `${NEW_DELIVERIES} ON CONFLICT DO NOTHING`);
