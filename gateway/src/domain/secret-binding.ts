/**
 * What a sealed secret is bound to: the same ciphertext under another tenant, source or version does not open, so rows
 * cannot be swapped by somebody who writes to the database but lacks the key.
 */
export function bindSourceSecret(tenant: string, sourceId: string, version: string): string {
  return `holdfast/source/${tenant}/${sourceId}/${version}`;
}

export function bindSigningSecret(tenant: string, destinationId: string): string {
  return `holdfast/destination/${tenant}/${destinationId}/signing`;
}
