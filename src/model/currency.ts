/** Units of account and fresh codes of ISO 4217 that the runtime does not list. */
const FURTHER = ['BOV', 'CHE', 'CHW', 'CLF', 'COU', 'MXV', 'USN', 'UYI', 'UYW', 'VED', 'XAD', 'XCG', 'ZWG'];

/** ISO 4217 alphabetic codes: what the runtime lists, and what it does not. */
export const CURRENCIES: readonly string[] = [...new Set([...Intl.supportedValuesOf('currency'), ...FURTHER])].sort();

const known: ReadonlySet<string> = new Set(CURRENCIES);

/** ISO 4217 alphabetic code in capital letters. */
export const isCurrency = (code: string): boolean => known.has(code);
