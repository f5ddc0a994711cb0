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
  const signsUrl = scheme.engine === "url-params" || (scheme.engine === "hmac-template" && scheme.content.signsUrl);
  const bodyPaths = bodyPathsOf(identity);
  const names = headerNames(headers);
  return {
    headers,
    ...(legacyHeader === undefined ? {} : { legacyHeader }),
    scheme,
    identity,
    methods: definition.methods ?? ["POST"],
    handshakes,
    stableContent: definition.stableContent ?? (({ request }) => [request.body]),
    bodyPaths,
    scanPaths: bodyPaths.map(path),
    headerIndex: indexHeaders(names),
    headerSets: headers.map((set) => indexSet(set, names)),
    provider: {
      slug,
      name,
      engine: scheme.engine,
      securityHeaders: names,
      secretHeaders: scheme.engine === "static-token" ? headers.map((set) => set.signature.toLowerCase()) : [],
      encodedBodies: definition.encodedBodies ?? false,
      toleranceSec: toleranceOf(scheme),
      handshake: handshakes.length > 0,
      signsUrl,
      receiverFields: receiverFieldsOf(scheme),
      ...facts,
    },
  };
}

function headerNames(sets: readonly HeaderSet[]): string[] {
  return [...new Set(sets.flatMap((set) => Object.values(set).flat()).map((name) => name.toLowerCase()))];
}

function bodyPathsOf(rule: IdentityRule): string[] {
  const places: readonly Place[] = [
    ...rule.id,
    ...rule.type.flat(),
    ...rule.time.map(({ place }) => place),
    ...rule.version,
  ];
  return [...new Set(places.flatMap((place) => ("body" in place ? [place.body] : [])))];
}

function toleranceOf(scheme: Scheme): number | null {
  return "timestamp" in scheme ? (scheme.timestamp?.toleranceSec ?? null) : null;
}

function receiverFieldsOf(scheme: Scheme): string[] {
  if (scheme.engine === "public-key") return ["publicKeys"];
  const needsUrl = scheme.engine === "hmac-template" && scheme.content.signsUrl;
  return needsUrl ? ["secrets", "notificationUrl"] : ["secrets"];
}
