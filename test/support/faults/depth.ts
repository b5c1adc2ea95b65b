/** How much of the fault tests runs: `npm test` takes a few of each kind, `npm run test:faults` takes all. */

/** True under `npm run test:faults` (CAUSEWAY_FAULTS=long). */
export const isLong = process.env.CAUSEWAY_FAULTS === 'long';

/** The first value under `npm test`, the second one under `npm run test:faults`. */
export const depth = <Value>(short: Value, long: Value): Value => (isLong ? long : short);
