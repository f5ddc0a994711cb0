import type { DiagnosisStep, LikelyCause, Refused, RejectionReason } from "./verdict.ts";

/** The evidence of a diagnosis while it is put together. */
export type Evidence = Record<string, string | number | boolean>;

/** What a refusal says, without the reason. */
export interface RefusalText {
  readonly step: DiagnosisStep;
  readonly summary: string;
  readonly evidence?: Evidence;
  readonly likelyCause?: LikelyCause | null;
}

/** A refusal with its diagnosis. */
export function refuse(reason: RejectionReason, text: RefusalText): Refused {
  const { step, summary, evidence = {}, likelyCause = null } = text;
  return { ok: false, reason, diagnosis: { step, summary, evidence, likelyCause } };
}
