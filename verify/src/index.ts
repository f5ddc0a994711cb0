export { verify } from "./verify.ts";
export { sign, signRequest } from "./sign.ts";
export { batchItemsMax, splitBatch } from "./split-batch.ts";
export type { BatchItem } from "./split-batch.ts";
export { identifyUnsigned } from "./identify-unsigned.ts";
export { answerHandshake } from "./handshake.ts";
export { checkReceiver } from "./check-receiver.ts";
export { findProvider, providers } from "./table.ts";
export { mayNameSigner, nameSigner } from "./diagnose/name-signer.ts";
export type { SignerSearch, Suspect } from "./diagnose/name-signer.ts";
export type { SignedRequest } from "./coded-scheme.ts";
export type { VerifyInput } from "./verify.ts";
export type { HandshakeAnswer } from "./handshake-rule.ts";
export type { HeaderList, WebhookRequest } from "./request.ts";
export type { PublicKey, Receiver, ReceiverFault, Secret } from "./receiver.ts";
export type { EngineName, Provider } from "./provider.ts";
export type { EventIdentity } from "./identity.ts";
export type {
  Diagnosis,
  DiagnosisStep,
  KeyNeed,
  KeyNeeded,
  LikelyCause,
  Refused,
  RejectionReason,
  Verdict,
  Verified,
} from "./verdict.ts";
