/** Message types as mappings know them, where a sender leaves the trigger out. */

/** Codes that had one trigger only while MSH-9.2 was not yet in use (v2.1, v2.2): what stands there by itself. */
const IMPLIED_TRIGGERS: Readonly<Record<string, string>> = { ORM: 'O01', ORU: 'R01' };

/** `ORU^R01` for a bare `ORU`; any other type as it is. */
export function completeType(messageType: string): string {
  const implied = Object.hasOwn(IMPLIED_TRIGGERS, messageType) ? IMPLIED_TRIGGERS[messageType] : undefined;
  return implied === undefined ? messageType : `${messageType}^${implied}`;
}
