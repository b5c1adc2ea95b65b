/** The one place of the page that reads time. Monotonic ms, so a wrong wall clock of the viewer's machine shows nothing wrong. */
export const monotonicMs = (): number => performance.now();
