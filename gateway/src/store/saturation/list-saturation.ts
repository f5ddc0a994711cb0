import type { Signal } from "../../domain/saturation.ts";
import { cold } from "../statement.ts";

/** How one process that takes in stood when it last said so. */
export interface SaturationRow {
  readonly process: string;
  readonly level: 0 | 1 | 2 | 3 | 4;
  readonly signal: Signal | null;
  readonly value: number | null;
  readonly threshold: number | null;
  readonly since: Date;
  readonly seen_at: Date;
  readonly refused: Readonly<Record<string, number>>;
}

/** The processes that have spoken within half a minute: they do so every few seconds. The worst first. */
export const listSaturation = cold<SaturationRow>(
  "list_saturation",
  `SELECT process, level, signal, value, threshold, since, seen_at, refused
     FROM holdfast.saturation WHERE seen_at > now() - interval '30 seconds' ORDER BY level DESC, process LIMIT 100`,
);
