import { cold } from "../statement.ts";

/** How far the service has got in each priority, as far as the processes have told. */
export const listVirtualTimes = cold<{ priority: number; v: number }>(
  "list_virtual_times",
  "SELECT priority, v FROM holdfast.virtual_time",
);
