import type { Provider } from "../src/index.ts";

const intro = `# Providers

What each provider signs, what that leaves open, and what an event is known by. This page is written from the table in
\`@holdfast/verify\` (\`verify/src/providers/\`), and a test compares the two; after a change there, run
\`npx vitest run verify/test/docs.test.ts -u\`.

How to read it:

* **signed** is what the signature covers, byte for byte. Whatever is not in it can be changed by whoever holds one genuine
  request; the column **not covered** spells that out.
* **id** is where the provider says which event it is. Where the id is outside the signature, Holdfast also remembers the signed
  content, so that an old request under a fresh id is a duplicate and no new event. Where two events may be signed in the same words
  it does not, for one of them would be lost: **deduplicated by** says so.
* **tolerance** is how far the signed time may be from ours, both ways. \`toleranceSec\` (1 to 900) in the receiver configuration
  replaces it. A dash: the scheme signs no time, or none is enforced by default.
* An id is used as it stood: text byte for byte, numbers by their digits. An id that is missing, blank, longer than 512 bytes,
  written twice in one object, or that holds control characters or invalid UTF-8 is no id; the hash of the signed content (without
  the time of the attempt) stands in for it.
* **several events in one request** (below the table) are one event by default. A source with \`batch: "item"\` records one event an
  item: each has the item's exact bytes as its body, its own id, key, type and time, and all are recorded in one transaction or none
  is. A form's items are those of the decoded field. An item without an id of its own is known by the request and its place in it.
  A request with more than 1,000 items, or with none, stays one event.
`;

/** The whole of `docs/providers.md`. */
export function renderProvidersPage(providers: readonly Provider[]): string {
  const head = [
    "| provider | signed | id | deduplicated by | tolerance | not covered | handshake |",
    "|---|---|---|---|---|---|---|",
  ];
  return `${[intro, ...head, ...providers.map(renderRow)].join("\n")}\n\n${providers.map(renderNotes).join("\n")}`;
}

function renderRow(provider: Provider): string {
  const tolerance = provider.toleranceSec === null ? "–" : `${provider.toleranceSec} s`;
  const cells = [
    `\`${provider.slug}\``,
    provider.signedContent === "nothing" ? "nothing" : `\`${provider.signedContent}\``,
    `${provider.identity}: ${provider.eventIdFrom}`,
    provider.dedupeKey,
    tolerance,
    provider.notCovered,
    provider.handshakeNote,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function renderNotes(provider: Provider): string {
  const needs = provider.receiverFields.map((field) => `\`${field}\``).join(", ") || "what the text above names";
  const headers = provider.securityHeaders.map((header) => `\`${header}\``).join(", ");
  const query = provider.secretQuery.map((name) =>
    name === "*" ? "the values of the URL's query" : `\`${name}\` of the URL`,
  );
  const redacted = [...provider.secretHeaders.map((header) => `\`${header}\``), ...query].join(", ");
  return [
    `## ${provider.name} (\`${provider.slug}\`)`,
    "",
    provider.notes,
    "",
    `* engine \`${provider.engine}\`, receiver needs ${needs}`,
    ...(provider.batchItems === null ? [] : [`* several events in one request: ${provider.batchItems}`]),
    ...(headers === "" ? [] : [`* at most once in a request: ${headers}`]),
    ...(provider.methods.join() === "POST" ? [] : [`* methods: ${provider.methods.join(", ")}`]),
    ...(redacted === "" ? [] : [`* carries the secret, never kept: ${redacted}`]),
    `* confidence ${provider.confidence}; from ${provider.source.join("; ")}`,
    "",
  ].join("\n");
}
