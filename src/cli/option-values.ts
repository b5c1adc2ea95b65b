/** What the user typed after a command, read with a type and a bound. A value that does not fit is a `UsageError`. */

/** The command was called in a way that it does not understand; `hint` is the way that works. Exit 2. */
export class UsageError extends Error {
  readonly hint: string;

  constructor(text: string, hint = '') {
    super(text);
    this.name = 'UsageError';
    this.hint = hint;
  }
}

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Arguments and options of one call. Every reader gives the default when the option is absent. */
export class OptionValues {
  /** Arguments that are not options, in order. */
  readonly args: readonly string[];
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(args: readonly string[], options: Readonly<Record<string, unknown>>) {
    this.args = args;
    this.#options = options;
  }

  /** The first argument; the parser has made sure that a required one is there. */
  get first(): string {
    return this.args[0] ?? '';
  }

  flag(name: string): boolean {
    return this.#options[camelCase(name)] === true;
  }

  text(name: string): string | undefined {
    const value = this.#options[camelCase(name)];
    return typeof value === 'string' ? value : undefined;
  }

  /** Every value of a repeatable option, in order. */
  list(name: string): readonly string[] {
    const value = this.#options[camelCase(name)];
    return Array.isArray(value) ? value.map(String) : [];
  }

  /** A whole number in `[min, max]`; `fallback` when the option is absent. */
  integer(name: string, bounds: { readonly min: number; readonly max: number; readonly fallback: number }): number {
    const text = this.text(name);
    if (text === undefined) return bounds.fallback;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= bounds.min && value <= bounds.max)) {
      throw new UsageError(`--${name} expects a whole number from ${bounds.min} to ${bounds.max}.`);
    }
    return value;
  }

  /** A number from `min` to `max` that may have decimals, such as a share. */
  decimal(name: string, bounds: { readonly min: number; readonly max: number; readonly fallback: number }): number {
    const text = this.text(name);
    if (text === undefined) return bounds.fallback;
    const value = /^\d{1,12}(?:\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= bounds.min && value <= bounds.max)) {
      throw new UsageError(`--${name} expects a number from ${bounds.min} to ${bounds.max}.`);
    }
    return value;
  }

  /** `500ms`, `30s`, `5m`, `2h` in ms; a bare number is seconds. */
  durationMs(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const match = /^(\d{1,9})(ms|s|m|h)?$/.exec(text);
    const unit = DURATION_UNITS[match?.[2] ?? 's'];
    const value = Number(match?.[1] ?? '0') * (unit ?? 0);
    if (value <= 0) throw new UsageError(`--${name} expects a duration such as 500ms, 30s or 5m.`);
    return value;
  }

  /** Messages per second: `20` or `20/s`. */
  perSecond(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const match = /^(\d{1,7}(?:\.\d{1,3})?)(?:\/s)?$/.exec(text);
    const value = Number(match?.[1] ?? '0');
    if (value <= 0) throw new UsageError(`--${name} expects messages per second, such as 20/s.`);
    return value;
  }
}

/** Options are stored by the parser under their camel-case name: `as-is` is `asIs`. */
function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
