import { describe, expect, it } from "vitest";
import { FAULTS } from "../../gateway/src/platform/fault.ts";
import type { EmbeddedFaultCode } from "../../gateway/src/store/embedded/embedded-fault.ts";
import type { RejectionReason } from "../../verify/src/index.ts";
import { codeOf, readPage, readTable } from "../support/markdown.ts";

const page = readPage("docs/errors.md");

// Complete by their types: a reason that is missing here, or is no reason any more, does not compile.
const REASONS: Readonly<Record<RejectionReason | "key_needed" | "verifier_failed", true>> = {
  unknown_provider: true,
  receiver_incomplete: true,
  request_unusable: true,
  method_not_allowed: true,
  missing_header: true,
  duplicate_header: true,
  malformed_header: true,
  timestamp_malformed: true,
  timestamp_too_old: true,
  timestamp_too_new: true,
  signature_mismatch: true,
  token_mismatch: true,
  secret_expired: true,
  claim_mismatch: true,
  certificate_untrusted: true,
  body_malformed: true,
  body_hash_missing: true,
  body_hash_mismatch: true,
  key_needed: true,
  verifier_failed: true,
};

const EMBEDDED: Readonly<Record<EmbeddedFaultCode, true>> = {
  data_dir_in_use: true,
  data_dir_not_writable: true,
  data_dir_damaged: true,
  other_major: true,
  unsupported_platform: true,
  binaries_missing: true,
  no_unprivileged_user: true,
  start_failed: true,
};

describe("docs/errors.md", () => {
  it("lists every fault with its status and title, in the code's order, and no other", () => {
    const rows = readTable(page, "Faults").map((row) => [codeOf(row["code"]), Number(row["status"]), row["title"]]);
    expect(rows).toEqual(Object.entries(FAULTS).map(([code, { status, title }]) => [code, status, title]));
  });

  it("says for each fault what to do", () => {
    const silent = readTable(page, "Faults").filter((row) => row["what to do"]!.length < 10);
    expect(silent).toEqual([]);
  });

  it("lists every reason of a rejection", () => {
    const rows = readTable(page, "Why an arrival was rejected").map((row) => codeOf(row["reason"]));
    expect(rows).toEqual(Object.keys(REASONS));
  });

  it("lists every reason why the embedded database does not start", () => {
    const rows = readTable(page, "Why the database in the box does not start").map((row) => codeOf(row["code"]));
    expect(rows).toEqual(Object.keys(EMBEDDED));
  });
});
