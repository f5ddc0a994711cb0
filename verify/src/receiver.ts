/** One of a source's secrets. A plain string is a secret without an end. */
export interface Secret {
  readonly value: string;
  /** The name that the verdict reports. Default: the place in the list, `v1`, `v2`, … */
  readonly version?: string | undefined;
  /** The last moment at which it is honoured: a Date, ISO 8601 text (UTC unless it names a zone), or milliseconds since 1970. */
  readonly notAfter?: Date | string | number | undefined;
  /** Accept a value shorter than the provider's minimum, on your own responsibility (see `checkReceiver`). */
  readonly allowShort?: boolean | undefined;
}

/**
 * A public key. Formats: `ed25519-raw-hex` (64 hexadecimal digits), `ed25519-raw-base64`, `spki-der-base64`, `spki-pem` (or the
 * PEM of a certificate, whose key counts), `jwk` (JSON text; callers in plain JavaScript may give the object itself).
 */
export interface PublicKey {
  readonly kid?: string | undefined;
  readonly format: string;
  readonly value: string;
}

/**
 * The receiver configuration: everything that a source verifies with. All fields are optional; which ones a provider needs
 * is in its `receiverFields`, and `checkReceiver` says what is missing or unusable.
 */
export interface Receiver {
  /** At most 10, each tried on every request. */
  readonly secrets?: readonly (string | Secret)[] | undefined;
  /** At most 10, each tried on every request. */
  readonly publicKeys?: readonly PublicKey[] | undefined;
  /** PEM certificates that the caller has fetched, by URL. */
  readonly certificates?: Readonly<Record<string, string>> | undefined;
  readonly certHostPattern?: string | undefined;
  readonly trustedRoots?: readonly string[] | undefined;
  /** The URL exactly as it is registered at the provider. */
  readonly notificationUrl?: string | undefined;
  readonly callbackUrl?: string | undefined;
  readonly webhookId?: string | undefined;
  readonly audience?: string | undefined;
  readonly issuers?: readonly string[] | undefined;
  readonly email?: string | undefined;
  readonly bundleId?: string | undefined;
  readonly environment?: string | undefined;
  readonly appId?: string | number | undefined;
  readonly keyId?: string | undefined;
  readonly algorithm?: string | undefined;
  readonly version?: string | undefined;
  readonly secretRoles?: Readonly<Record<string, string>> | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly verifyToken?: string | undefined;
  /** Your own id at the provider, for keys that it gives to its clients only. For who fetches them: `verify` reads neither. */
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  /** Overrides the provider's default tolerance, both ways. 1 to 900 seconds, or up to the default where that is wider. */
  readonly toleranceSec?: number | undefined;
}

/** One fault of a receiver configuration, with the path of the field: `secrets[0].value`. */
export interface ReceiverFault {
  readonly path: string;
  readonly problem: string;
}
