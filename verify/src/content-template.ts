import type { Chunk } from "./provider.ts";

/** The values that a template can name. */
export interface ContentValues {
  readonly body: Uint8Array;
  readonly timestamp: string;
  readonly id: string;
  readonly notificationUrl: string;
}

type Part = { readonly text: string } | { readonly name: keyof ContentValues };

/** A template of signed content, read once. */
export interface Template {
  readonly parts: readonly Part[];
  readonly signsId: boolean;
  readonly signsUrl: boolean;
}

/** Reads a template such as `v0:{timestamp}:{body}`. A name that is no value is a mistake in a provider's file. */
export function template(text: string): Template {
  const pieces = text.split(/\{([A-Za-z]+)\}/);
  const parts = pieces.map((piece, index): Part => (index % 2 === 0 ? { text: piece } : { name: asName(piece) }));
  return {
    parts: parts.filter((part) => !("text" in part) || part.text !== ""),
    signsId: pieces.includes("id"),
    signsUrl: pieces.includes("notificationUrl"),
  };
}

function asName(piece: string): keyof ContentValues {
  if (piece === "body" || piece === "timestamp" || piece === "id" || piece === "notificationUrl") return piece;
  throw new Error(`A content template names {${piece}}, which is no value.`);
}

/** What is hashed or signed, in as few chunks as there can be: text that stands together is one. */
export function fillTemplate({ parts }: Template, values: ContentValues): Chunk[] {
  const chunks: Chunk[] = [];
  let text = "";
  for (const part of parts) {
    if ("text" in part) text += part.text;
    else if (part.name !== "body") text += values[part.name];
    else {
      if (text !== "") chunks.push(text);
      chunks.push(values.body);
      text = "";
    }
  }
  if (text !== "") chunks.push(text);
  return chunks;
}
