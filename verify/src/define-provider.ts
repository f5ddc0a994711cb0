import type { HeaderSet } from "./arrival.ts";
import type { IdentityRule, Place } from "./extract/identity-rule.ts";
import { path } from "./extract/json-scan.ts";
import { indexHeaders, indexSet } from "./header-index.ts";
import type { ProviderDefinition, ProviderEntry } from "./provider.ts";
import type { Scheme } from "./scheme.ts";

/** A provider from its file: what the rules imply is worked out here, so that the file cannot contradict itself. */
export function defineProvider(definition: ProviderDefinition): ProviderEntry {
  const { slug, name, headers, legacyHeader, scheme, identity, facts } = definition;
  const handshakes = definition.handshakes ?? [];
  const bodyPaths = bodyPathsOf(identity);
  const names = headerNames(headers, definition.securityHeaders ?? []);
  const methods = definition.methods ?? ["POST"];
  return {
    headers,
    ...(legacyHeader === undefined ? {} : { legacyHeader }),
    scheme,
    identity,
    methods,
    ...(definition.document === undefined ? {} : { document: definition.document }),
    handshakes,
    batch: batchOf(definition),
    stableContent: definition.stableContent ?? (({ request }) => [request.body]),
    contentIsKey: facts.identity === "unsigned" && definition.contentIsUnique !== false,
    contentIsUnique: definition.contentIsUnique || (() => true),
    bodyPaths,
    scanPaths: bodyPaths.map(path),
    idInBody: identity.id.some((place) => "body" in place),
    headerIndex: indexHeaders(names),
    headerSets: headers.map((set) => indexSet(set, names)),
    provider: {
      slug,
      name,
      engine: scheme.engine,
      securityHeaders: names,
      secretHeaders: definition.secretHeaders ?? tokenHeaders(definition),
      secretQuery: definition.secretQuery ?? [],
      idIsScoped: (identity.idScope ?? []).length > 0,
      methods: [...new Set([...methods, ...(definition.handshakeMethods ?? [])])],
      encodedBodies: definition.encodedBodies ?? false,
      toleranceSec: toleranceOf(scheme),
      handshake: handshakes.length > 0,
      signsUrl: signsUrl(scheme),
      receiverFields: receiverFieldsOf(scheme),
      batchItems: definition.batch === undefined ? null : `\`${definition.batch.at}\`, by ${definition.batch.by}`,
      ...facts,
    },
  };
}

/** The provider of one item: the same, with the item's own identity and nothing that speaks of the whole request. */
function batchOf({ batch, document: _document, stableContent: _stableContent, ...rest }: ProviderDefinition) {
  if (batch === undefined) return null;
  const { identity } = batch;
  return { rule: batch, itemEntry: defineProvider({ ...rest, identity, handshakes: [] }) };
}

function headerNames(sets: readonly HeaderSet[], more: readonly string[]): string[] {
  const names = [...sets.flatMap((set) => Object.values(set).flat()), ...more];
  return [...new Set(names.filter((name) => name !== "").map((name) => name.toLowerCase()))];
}

function tokenHeaders({ scheme, headers }: ProviderDefinition): string[] {
  return scheme.engine === "static-token" ? headers.map((set) => set.signature.toLowerCase()) : [];
}

function signsUrl(scheme: Scheme): boolean {
  if ("prove" in scheme) return scheme.signsUrl;
  return scheme.engine === "url-params" || (scheme.engine === "hmac-template" && scheme.content.signsUrl);
}

function bodyPathsOf(rule: IdentityRule): string[] {
  const places: readonly Place[] = [
    ...rule.id,
    ...(rule.idScope ?? []),
    ...rule.type.flat(),
    ...rule.time.map(({ place }) => place),
    ...rule.version,
  ];
  return [...new Set(places.flatMap((place) => ("body" in place ? [place.body] : [])))];
}

function toleranceOf(scheme: Scheme): number | null {
  if ("prove" in scheme) return scheme.toleranceSec;
  return "timestamp" in scheme ? (scheme.timestamp?.toleranceSec ?? null) : null;
}

function receiverFieldsOf(scheme: Scheme): readonly string[] {
  if ("prove" in scheme) return scheme.receiverFields;
  if (scheme.engine === "public-key") return ["publicKeys"];
  const needsUrl = scheme.engine === "hmac-template" && scheme.content.signsUrl;
  return needsUrl ? ["secrets", "notificationUrl"] : ["secrets"];
}
