// Mutants that change nothing in the readers of requests and in the pipeline, by what makes them so.

const S = '"Stryker was here!"';
const LIST = '["Stryker was here"]';

/** @type {readonly { file: string, why: string, changes: readonly (readonly [from: string, to: string])[] }[]} */
export const WAYS = [
  {
    file: "/json-scan.ts",
    why: "no encoding, a flag that is set before it is read, or a slower way to the same answer",
    changes: [
      ['"utf8"', '""'],
      ["false", "true"],
      ["escaped", "true"],
      ["met.length === 0", "false"],
    ],
  },
  {
    file: "/json-scan.ts",
    why: "a string that does not end leaves the place at its first quote, where no colon and no comma stands",
    changes: [
      ["end < 0", "false"],
      ["end < 0", "end <= 0"],
      ['"broken"', '""'],
    ],
  },
  {
    file: "/json-scan.ts",
    why: "the value has been skipped, so it begins like one: of what is below a zero only the minus and the quote do",
    changes: [
      ["first !== undefined", "true"],
      ["first >= 0x30", "true"],
    ],
  },
  {
    file: "/json-skip.ts",
    why: "what is read behind the end counts as zero, which ends a string and is white space elsewhere",
    changes: [["at < length", "at <= length"]],
  },
  {
    file: "/json-skip.ts",
    why: "the place has not moved: behind it comes what begins a value, and nothing goes on with that",
    changes: [
      ["-1", "+1"],
      ["false", "true"],
    ],
  },
  {
    file: "/json-skip.ts",
    why: "no string ends at the first byte: a quote is before it",
    changes: [
      ["stringEnd(cursor) >= 0", "stringEnd(cursor) > 0"],
      ["at < 0", "at <= 0"],
    ],
  },
  {
    file: "/json-skip.ts",
    why: "the quick way for white space, which none of the branches below looks at",
    changes: [
      ["byte <= 0x20", "false"],
      ["byte <= 0x20", "byte < 0x20"],
    ],
  },
  {
    file: "/json-text.ts",
    why: "plain text is read the slow way, which gives the same",
    changes: [
      ["isPlain(bytes, start, end)", "false"],
      ['"\\\\"', '""'],
      ['typeof parsed === "string"', "true"],
      ["at < end", "at <= end"],
      ["bytes[at] ?? backslash", "bytes[at] && backslash"],
      ["byte > 0x7f || byte === backslash", "true"],
      ["byte > 0x7f", "byte >= 0x7f"],
      ["true", "false"],
      [
        "{ for (let at = start; at < end; at += 1) { const byte = bytes[at] ?? backslash; if (byte > 0x7f || byte === backslash) return false; } return true; }",
        "{}",
      ],
    ],
  },
  {
    file: "/identify.ts",
    why: "a hash that nobody asks for is made, no encoding, or what is absent has none of these forms",
    changes: [
      ["id === null || hasContentKey", "true"],
      ['""', S],
      ['"utf8"', '""'],
      ["text === null", "false"],
    ],
  },
  {
    file: "/identify.ts",
    why: "the quick hash of one piece is the hash of the pieces",
    changes: [
      ['chunks.length === 1 && first !== undefined && typeof crypto.hash === "function"', "false"],
      ["first !== undefined", "true"],
      ["first !== undefined", "first === undefined"],
      ['typeof crypto.hash === "function"', "true"],
      ['typeof crypto.hash === "function"', 'typeof crypto.hash !== "function"'],
      ['"function"', '""'],
      ['{ return crypto.hash("sha256", first, "hex"); }', "{}"],
    ],
  },
  {
    file: "/identify.ts",
    why: "no provider tells its version in two places",
    changes: [["text !== null", "true"]],
  },
  {
    file: "/select.ts",
    why: "a flag that is set before it is read, a first item that is there, no encoding",
    changes: [
      ["false", "true"],
      ["first !== undefined", "true"],
      ['"utf8"', '""'],
    ],
  },
  {
    file: "/form.ts",
    why: "an empty part is none either way, and a digit below zero keeps the byte below zero or is none",
    changes: [
      ["found < 0", "found <= 0"],
      ["byte === undefined", "false"],
      ["byte >= 0x30", "true"],
    ],
  },
  {
    file: "/arrival.ts",
    why: "a text that is fit as it is goes the slow way, which gives the same",
    changes: [
      ['text.length <= lengthMax && text.isWellFormed() && !text.includes("\\u0000")', "false"],
      ["text.length <= lengthMax", "text.length < lengthMax"],
      ['"\\u0000"', '""'],
    ],
  },
  {
    file: "/draft-event.ts",
    why: "no header has that name; nothing is made of no route; of two routes as urgent only the order is used, and it is joined",
    changes: [
      ["[]", LIST],
      ["chosen.size === 0", "false"],
      ["b.priority < a.priority", "b.priority <= a.priority"],
    ],
  },
  {
    file: "/draft-items.ts",
    why: "an item is read with no signed content of its own, so it has one key",
    changes: [["next.keys.some(({ key }) => keys.has(key))", "next.keys.every(({ key }) => keys.has(key))"]],
  },
  {
    file: "/draft-listed-event.ts",
    why: "the names of the verdict alone are read, and what could be signed once can be signed again",
    changes: [
      ["true", "false"],
      ["identity?.eventKey", "identity.eventKey"],
      ["[]", LIST],
    ],
  },
  {
    file: "/draft-listed-event.ts",
    why: "whoever signs a URL signs the one of its receiver, and there is none",
    changes: [['"http://log.invalid/"', '""']],
  },
  {
    file: "/explain-refusal.ts",
    why: "the library asks the same: nobody suspected, or a reason that names no signer; `ok` is the type's alone",
    changes: [
      ["suspects.length === 0", "false"],
      ["known === undefined", "false"],
      ["false", "true"],
    ],
  },
  {
    file: "/fetched-keys.ts",
    why: "no key has the id null, and undefined is no list and no key either",
    changes: [
      ["kid === null", "false"],
      ["{ return null; }", "{}"],
    ],
  },
  {
    file: "/verify-with-keys.ts",
    why: "a name that is compared with itself, and a list made anew that holds the same",
    changes: [
      ['""', S],
      ["held.length === 0", "false"],
    ],
  },
  {
    file: "/deliver.ts",
    why: "base64 has no underscore; where nothing is to be replaced nothing is",
    changes: [
      ["/^whsec_/", "/whsec_/"],
      ["!bytes.includes(key)", "false"],
    ],
  },
  {
    file: "/delivery-headers.ts",
    why: "neither is a trace, and of no headers of the operator's there is nothing to keep out",
    changes: [
      ['""', S],
      ["own.length === 0", "false"],
    ],
  },
  {
    file: "/sign-request.ts",
    why: "the library signs with texts alone and knows the provider by then; both names are folded in the same way",
    changes: [
      ["value !== null", "true"],
      ["findProvider(source.provider)?.secretHeaders", "findProvider(source.provider).secretHeaders"],
      ["[]", LIST],
      ["name.toLowerCase()", "name.toUpperCase()"],
    ],
  },
  {
    file: "/sign-request.ts",
    why: "every provider that sends it names it among its secret headers; the fence is for the next one",
    changes: [['"authorization"', '""']],
  },
  {
    file: "/dead-cause.ts",
    why: "the same moment either way, and null is no redirect",
    changes: [
      ["finishedAt < known.firstAt", "finishedAt <= known.firstAt"],
      ["finishedAt > known.lastAt", "finishedAt >= known.lastAt"],
      ["status !== null", "true"],
    ],
  },
];
