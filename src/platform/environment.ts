/**
 * The only reader of environment variables beside the secrets. Facts of the facility never come from here: they stand
 * in the configuration. Variables describe the process: terminal, service manager, how the command was called.
 */
export const environment = {
  /** An empty variable counts as absent (as NO_COLOR and the service manager define it). */
  get(name: string): string | undefined {
    const value = process.env[name];
    return value === '' ? undefined : value;
  },
};

/** For those who are handed the environment, so that tests can give their own. */
export type Environment = typeof environment;
