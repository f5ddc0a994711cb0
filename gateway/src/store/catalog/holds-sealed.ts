import { cold } from "../statement.ts";

/** Whether anything is stored that only the master key opens, and that no provider or operator would give again by itself. */
export const holdsSealed = cold<{ sealed: boolean }>(
  "holds_sealed",
  `SELECT EXISTS (SELECT FROM holdfast.secret_version)
       OR EXISTS (SELECT FROM holdfast.source WHERE sealed_receiver <> '{}')
       OR EXISTS (SELECT FROM holdfast.destination WHERE signing_secret IS NOT NULL OR sealed_headers IS NOT NULL)
       OR EXISTS (SELECT FROM holdfast.reconciliation WHERE sealed_secret IS NOT NULL)
       OR EXISTS (SELECT FROM holdfast.alert_channel WHERE sealed_secret IS NOT NULL) AS sealed`,
);
