import type { CodedScheme } from "../coded-scheme.ts";
import { refuse } from "../refuse.ts";

/** For senders of which only the URL check is known: it is answered, and every arrival is refused. */
export const handshakeOnly: CodedScheme = {
  engine: "handshake-only",
  secret: null,
  readsPublicKeys: false,
  receiverFields: [],
  toleranceSec: null,
  signsUrl: false,
  prove: ({ entry }) =>
    refuse("receiver_incomplete", {
      step: "receiver",
      summary: `Of ${entry.provider.name} only the URL check is known here, and no way to tell a genuine event: every arrival is refused.`,
      likelyCause: "configuration",
    }),
  sign: ({ provider }) => {
    throw new Error(`Of ${provider} only the URL check is known: there is nothing to sign with.`);
  },
};
