// Mutants that change nothing in what proves that a request is genuine, by what makes them so.

const S = '"Stryker was here!"';

/** @type {readonly { file: string, why: string, changes: readonly (readonly [from: string, to: string])[] }[]} */
export const PROOFS = [
  {
    file: "/hmac-match.ts",
    why: "pads that are remembered are worked out again",
    changes: [["material.pads === null || material.pads.hash !== hash", "true"]],
  },
  {
    file: "/check-time.ts",
    why: "the provider's own tolerance is always one that may be asked for",
    changes: [["arrival.receiver.toleranceSec !== undefined", "true"]],
  },
  {
    file: "/claim.ts",
    why: "the content has no place for it, the name is always known by then, or no further header gives the first one alone",
    changes: [
      ['""', S],
      ['"id"', '""'],
      ["others.length === 0", "false"],
    ],
  },
  {
    file: "/key-pair.ts",
    why: "a header that is missing was refused before; the content has no place for it; where the time is read nobody asks",
    changes: [
      ['typeof text !== "string"', "false"],
      ['""', S],
      ['{ text: "", ms: 0 }', "{}"],
      ['"header"', '""'],
    ],
  },
  {
    file: "/key-pair.ts",
    why: "only keys of the kind come here, an elliptic one has a curve, and OpenSSL's own hash for them is SHA-256",
    changes: [
      ['key.asymmetricKeyType === "ec"', "true"],
      ["key.asymmetricKeyDetails?.namedCurve", "key.asymmetricKeyDetails.namedCurve"],
      ['key.asymmetricKeyType === "rsa"', "true"],
      ['algorithm === "ed25519"', "true"],
      ['rule.algorithm === "ed25519"', "true"],
    ],
  },
  {
    file: "/key-pair.ts",
    why: "OpenSSL checks DER once more (docs/mutation-testing.md)",
    changes: [
      ["signature[0] === 0x30 && signature[1] === signature.length - 2 && signature.length <= 72", "true"],
      [
        "signature[0] === 0x30 && signature[1] === signature.length - 2 && signature.length <= 72",
        "signature[0] === 0x30 && signature[1] === signature.length - 2 || signature.length <= 72",
      ],
      ["signature[0] === 0x30 && signature[1] === signature.length - 2", "true"],
      [
        "signature[0] === 0x30 && signature[1] === signature.length - 2",
        "signature[0] === 0x30 || signature[1] === signature.length - 2",
      ],
      ["signature[0] === 0x30", "true"],
      ["signature[1] === signature.length - 2", "true"],
      ["signature.length <= 72", "true"],
    ],
  },
  {
    file: "/engines/public-key.ts",
    why: "no encoding, an id that is not signed, and a text that is turned into the same bytes once more",
    changes: [
      ['""', S],
      ['"utf8"', '""'],
      ['typeof chunk === "string"', "true"],
    ],
  },
  {
    file: "/jws.ts",
    why: "three parts are there, the spelling is checked by writing it again, and what is no object throws into the catch",
    changes: [
      ["headerText === undefined", "false"],
      ["payloadText === undefined", "false"],
      ["signatureText === undefined", "false"],
      ["/^[A-Za-z0-9_-]+$/", "/[A-Za-z0-9_-]+$/"],
      ["/^[A-Za-z0-9_-]+$/", "/^[A-Za-z0-9_-]+/"],
      ["bytes === null", "false"],
    ],
  },
  {
    file: "/jws.ts",
    why: "only elliptic keys have a named curve, and every algorithm with a secret has a hash",
    changes: [
      ['key.asymmetricKeyType === "ec"', "true"],
      ["key.asymmetricKeyDetails?.namedCurve", "key.asymmetricKeyDetails.namedCurve"],
      ['""', S],
    ],
  },
  {
    file: "/signature-grammar.ts",
    why: "split gives one part at least; an empty part is no pair either way; behind a part stands no word's sign",
    changes: [
      ['""', S],
      ["found < 0", "found <= 0"],
      ["equals < 0", "equals <= 0"],
      ["at < end", "at <= end"],
      ["comma > end", "comma >= end"],
    ],
  },
  {
    file: "/src/public-key.ts",
    why: "what is no object has no value, and what is no key is refused by the parser in the same words",
    changes: [
      ['typeof given !== "object"', "false"],
      ["asymmetricKeyDetails?.modulusLength", "asymmetricKeyDetails.modulusLength"],
      ['typeof parsed !== "object" || parsed === null', "false"],
      ['typeof parsed !== "object" || parsed === null', 'typeof parsed !== "object" && parsed === null'],
      ['typeof parsed !== "object"', "false"],
      ["parsed === null", "false"],
      ['"no JSON Web Key"', '""'],
      ['given["kty"] === "oct"', "false"],
      ['"kty"', '""'],
      ['"oct"', '""'],
      ['"a symmetric key"', '""'],
      ['typeof parsed !== "object" || parsed === null || !("x" in parsed)', "false"],
      [
        'typeof parsed !== "object" || parsed === null || !("x" in parsed)',
        '(typeof parsed !== "object" || parsed === null) && !("x" in parsed)',
      ],
    ],
  },
  {
    file: "/header-index.ts",
    why: "a place that was not filled reads as undefined too, and a list read as a record has numbers for names",
    changes: [
      ["at < index.count", "false"],
      ["at < index.count", "at <= index.count"],
      ["place < repeated", "place <= repeated"],
      ["Array.isArray(pair)", "true"],
      ["!isPairs(headers)", "true"],
    ],
  },
];
