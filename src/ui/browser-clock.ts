/** The one place of the page that reads time. Monotonic ms: a wrong wall clock of the viewer's machine does no harm. */
export const monotonicMs = (): number => performance.now();
