/**
 * Typed access to the metrics of the catalogue. Sole importer of `prom-client`.
 *
 * Hot path: bind once (`metrics.counter(name, labels)`), keep the child, then `.add()`: it only notes the value. The
 * library gets what was noted when somebody looks, or when a child has noted `NOTED_MAX` observations.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  METRICS,
  type MetricName,
} from './metrics.ts';

/** Label sets kept per metric; further ones are counted together under the label value `other`. */
export const SERIES_MAX = 1_000;

/** Observations that a histogram keeps until the library counts them, in one go. */
const NOTED_MAX = 128;

/** One counter with its labels. */
export interface CounterChild {
  /** @param count 0 or more; 1 when left out. */
  add(count?: number): void;
}

/** One gauge with its labels. */
export interface GaugeChild {
  set(value: number): void;
}

/** One histogram with its labels. */
export interface HistogramChild {
  /** In the unit of the catalogue: seconds, never ms. */
  observe(value: number): void;
}

/** All metrics of the catalogue; see `createMetrics`. */
export interface Metrics {
  /** The same child for the same labels. */
  counter<Name extends CounterName>(name: Name, labels: LabelsOf<Name>): CounterChild;
  gauge<Name extends GaugeName>(name: Name, labels: LabelsOf<Name>): GaugeChild;
  histogram<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>): HistogramChild;
  /** Called before each `render`, to set gauges that are only worth computing when somebody looks. */
  beforeRender(fill: () => void | Promise<void>): void;
  /** Everything in the Prometheus text format 0.0.4. */
  render(): Promise<string>;
  readonly contentType: string;
}

type Instrument = Counter | Gauge | Histogram;

function instrumentOf(name: MetricName, registry: Registry): Instrument {
  const spec = METRICS[name];
  const common = { name, help: spec.help, labelNames: [...spec.labels], registers: [registry] };
  switch (spec.type) {
    case 'counter':
      return new Counter(common);
    case 'gauge':
      return new Gauge(common);
    case 'histogram':
      return new Histogram({ ...common, buckets: [...spec.buckets] });
  }
}

/** Children of one metric by their label values, at most `SERIES_MAX` and the one for all others. */
class Series<Child> {
  readonly #children = new Map<string, Child>();
  readonly #labels: readonly string[];
  readonly #make: (labels: Record<string, string>) => Child;

  constructor(name: MetricName, make: (labels: Record<string, string>) => Child) {
    this.#labels = METRICS[name].labels;
    this.#make = make;
  }

  bind(labels: Readonly<Record<string, string>>): Child {
    const values = this.#labels.map((label) => labels[label] ?? '');
    const known = this.#children.get(JSON.stringify(values));
    if (known !== undefined) return known;
    const kept = this.#children.size < SERIES_MAX ? values : values.map(() => 'other');
    const key = JSON.stringify(kept);
    const child =
      this.#children.get(key) ??
      this.#make(Object.fromEntries(this.#labels.map((label, at) => [label, kept[at] ?? ''])));
    this.#children.set(key, child);
    return child;
  }
}

/** `flushes` gets what tells the library, before it is asked, what was noted. */
function seriesOf(
  name: MetricName,
  registry: Registry,
  flushes: (() => void)[],
): Series<CounterChild & GaugeChild & HistogramChild> {
  const instrument = instrumentOf(name, registry);
  const unsupported = (): never => {
    throw new TypeError(`${name} is a ${METRICS[name].type}`);
  };
  return new Series(name, (labels) => {
    const none = { add: unsupported, set: unsupported, observe: unsupported };
    if (instrument instanceof Counter) {
      const child = instrument.labels(labels);
      child.inc(0); // a series that exists from the start reads 0 instead of being absent
      let noted = 0;
      flushes.push(() => {
        child.inc(noted);
        noted = 0;
      });
      return {
        ...none,
        add: (count = 1) => {
          noted += count;
        },
      };
    }
    if (instrument instanceof Gauge) {
      const child = instrument.labels(labels);
      return { ...none, set: (value: number) => child.set(value) };
    }
    const observe = noting(instrument.labels(labels), flushes);
    return { ...none, observe };
  });
}

function noting(child: HistogramChild, flushes: (() => void)[]): (value: number) => void {
  const noted = new Float64Array(NOTED_MAX);
  let count = 0;
  const flush = (): void => {
    for (let index = 0; index < count; index += 1) child.observe(noted[index] ?? 0);
    count = 0;
  };
  flushes.push(flush);
  return (value) => {
    noted[count] = value;
    count += 1;
    if (count === NOTED_MAX) flush();
  };
}

/**
 * One registry. `processMetrics` (default true) adds CPU, memory, garbage collection and event loop lag of the process;
 * it keeps a sampling timer, so tests that make many registries leave it out.
 */
export function createMetrics(options: { readonly processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  const names = Object.keys(METRICS) as MetricName[];
  const flushes: (() => void)[] = [];
  const series = new Map(names.map((name) => [name, seriesOf(name, registry, flushes)]));
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry });
  const fills: (() => void | Promise<void>)[] = [];
  const bind = (name: MetricName, labels: Readonly<Record<string, string>>) => {
    const found = series.get(name);
    if (found === undefined) throw new TypeError(`unknown metric ${name}`);
    return found.bind(labels);
  };
  return {
    counter: bind,
    gauge: bind,
    histogram: bind,
    beforeRender: (fill) => {
      fills.push(fill);
    },
    render: async () => {
      for (const fill of fills) await fill();
      for (const flush of flushes) flush();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}
