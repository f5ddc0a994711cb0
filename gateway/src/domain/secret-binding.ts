/**
 * What a sealed secret is bound to: the same ciphertext under another tenant, source or version does not open, so rows
 * cannot be swapped by somebody who writes to the database but lacks the key.
 */
export function bindSourceSecret(tenant: string, sourceId: string, version: string): string {
  return `holdfast/source/${tenant}/${sourceId}/${version}`;
}

/** Fields of the receiver configuration that are secrets themselves: stored sealed, written and never read (S30). */
export const SECRET_RECEIVER_FIELDS = ["password", "verifyToken", "clientSecret"] as const;

export function bindReceiverField(tenant: string, sourceId: string, field: string): string {
  // No version may have this name: it begins with a character that versions do not have.
  return `holdfast/source/${tenant}/${sourceId}/~${field}`;
}

export function bindDestinationHeaders(tenant: string, destinationId: string): string {
  return `holdfast/destination/${tenant}/${destinationId}/headers`;
}

export function bindSigningSecret(tenant: string, destinationId: string): string {
  return `holdfast/destination/${tenant}/${destinationId}/signing`;
}

export function bindReconciliationSecret(tenant: string, reconciliationId: string): string {
  return `holdfast/reconciliation/${tenant}/${reconciliationId}/secret`;
}

export function bindAlertChannel(tenant: string, channelId: string): string {
  return `holdfast/alert-channel/${tenant}/${channelId}/secret`;
}
