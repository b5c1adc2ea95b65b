/** What `causeway send` tells: one line per message, and the summary that decides the exit code. */
import type { Exchange } from './mllp-session.ts';
import { type OptionValues, UsageError } from './option-values.ts';
import type { Outgoing } from './send-source.ts';
import type { Terminal } from './terminal.ts';
import { count, plural, printable } from './wording.ts';

/** Latencies kept for the percentiles; later ones only move the maximum. */
const LATENCIES_MAX = 1_000_000;

/** Failed messages that are named again at the end; further ones are only counted. */
const FAILED_SHOWN = 50;

/** Positive replies of original and enhanced mode (HL7 table 0008). */
const POSITIVE: ReadonlySet<string> = new Set(['AA', 'CA']);

/** The counts of one call. */
export interface SendSummary {
  readonly sent: number;
  /** Replies that were not the wanted ones, and messages without a reply. */
  readonly failed: number;
  readonly skipped: number;
  /**
   * How often each MSA-1, or pair of them (`CA AA`), came; `none` counts the messages without a usable reply,
   * `not-asked` those that ask for none.
   */
  readonly codes: Readonly<Record<string, number>>;
}

type Sent = Exclude<Outgoing, { sort: 'skipped' }>;

/** Table 0008: the commit acknowledgment that says the same as an application acknowledgment. */
const COMMIT_OF: ReadonlyMap<string, string> = new Map([
  ['AA', 'CA'],
  ['AE', 'CE'],
  ['AR', 'CR'],
]);

/** Collects what came back and prints it as it comes; memory is bounded. */
/** Codes of one reply, or of the commit acknowledgment and the application's behind it. */
const EXPECTED = /^(?:NONE|[AC][AER]|C[AER] A[AER])$/;

export class SendReport {
  readonly #terminal: Terminal;
  readonly #json: boolean;
  readonly #quiet: boolean;
  readonly #expect: string | undefined;
  readonly #codes = new Map<string, number>();
  readonly #latencies: number[] = [];
  #slowest = 0;
  #failed = 0;
  #skipped = 0;
  readonly #skipReasons = new Set<string>();
  readonly #failedLines: string[] = [];

  constructor(terminal: Terminal, values: OptionValues) {
    this.#terminal = terminal;
    this.#json = values.flag('json');
    this.#quiet = values.flag('quiet');
    this.#expect = values.text('expect')?.trim().toUpperCase();
    if (this.#expect !== undefined && !EXPECTED.test(this.#expect))
      throw new UsageError(
        `--expect ${this.#expect}: expected AA, AE, AR, CA, CE, CR, 'CA AA' (both replies) or none.`,
      );
  }

  skipped(file: string, reason: string): void {
    this.#skipped += 1;
    this.#skipReasons.add(reason);
    if (this.#json) this.#terminal.out(JSON.stringify({ type: 'skipped', file, reason }));
  }

  replied({ sort, file, controlId, messages }: Sent, exchange: Exchange): void {
    const { codes, text } = exchange;
    const code = codes.length === 0 ? null : codes.join(' ');
    const counted = code ?? (isSilentAsAsked(exchange) ? 'not-asked' : 'none');
    const ok = this.#isWanted(exchange);
    if (!ok) this.#failed += 1;
    if (!ok && this.#failedLines.length < FAILED_SHOWN) this.#failedLines.push(failedLine(file, controlId, exchange));
    this.#codes.set(counted, (this.#codes.get(counted) ?? 0) + 1);
    if (code !== null) {
      if (this.#latencies.length < LATENCIES_MAX) this.#latencies.push(exchange.ms);
      this.#slowest = Math.max(this.#slowest, exchange.ms);
    }
    if (this.#quiet) return;
    const ms = Math.round(exchange.ms * 10) / 10;
    if (this.#json) {
      this.#terminal.out(JSON.stringify({ type: sort, file, controlId, messages, code, text, ms, ok }));
      return;
    }
    const painted = this.#terminal.paint(ok ? 'green' : 'red', code ?? '--');
    const said = text === '' ? '' : `  ${printable(text)}`;
    const what = sort === 'batch' ? `batch of ${messages}` : '';
    const name = [printable(controlId, 40), what].filter((part) => part !== '').join('  ');
    this.#terminal.out(`${painted}  ${`${ms} ms`.padStart(9)}  ${name}  ${printable(file)}${said}`);
  }

  /**
   * Every reply that was asked for must have come. `--expect` names one of them, and AA, AE or AR also the commit
   * acknowledgment that says the same to a message that asks for nothing else (MSH-15/16). A message that asks for no
   * reply contradicts no positive one.
   */
  #isWanted(exchange: Exchange): boolean {
    const { codes, isWhole, isRefusal = false } = exchange;
    const expect = this.#expect;
    if (!isWhole) return false;
    if (expect === 'NONE') return codes.length === 0;
    if (codes.length === 0)
      return isRefusal ? expect !== undefined && !POSITIVE.has(expect) : expect === undefined || POSITIVE.has(expect);
    if (expect === undefined) return codes.every((code) => POSITIVE.has(code));
    if (codes.join(' ') === expect) return true;
    return codes.includes(expect) || (codes.length === 1 && codes[0] === COMMIT_OF.get(expect));
  }

  get summary(): SendSummary {
    const sent = [...this.#codes.values()].reduce((total, times) => total + times, 0);
    return { sent, failed: this.#failed, skipped: this.#skipped, codes: Object.fromEntries(this.#codes) };
  }

  /** Prints what failed, then the summary as the last line of stdout. */
  finish(elapsedMs: number): void {
    const { sent, failed, skipped, codes } = this.summary;
    const perSecond = elapsedMs === 0 ? 0 : Math.round((sent * 10_000) / elapsedMs) / 10;
    const sorted = this.#latencies.toSorted((left, right) => left - right);
    const ms = { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), max: Math.round(this.#slowest * 10) / 10 };
    if (this.#json) {
      this.#terminal.out(JSON.stringify({ type: 'summary', sent, failed, skipped, codes, perSecond, ms }));
      return;
    }
    this.#listFailed(sent);
    const replies = Object.entries(codes).map(([code, times]) => `${count(times)} ${WITHOUT_CODE.get(code) ?? code}`);
    const files = skipped === 0 ? '' : `; ${plural(skipped, 'file')} skipped (${[...this.#skipReasons].join('; ')})`;
    this.#terminal.out(
      `${plural(sent, 'message')} sent: ${replies.join(', ') || 'none'}${files}. ` +
        `${count(perSecond)}/s, reply after ${ms.p50} ms (p50), ${ms.p99} ms (p99), ${ms.max} ms (max).`,
    );
  }

  /** Again in one place, because they scrolled away among the others; not for one message, which stands just above. */
  #listFailed(sent: number): void {
    if (this.#failed === 0) return;
    if (sent === 1 && !this.#quiet) {
      this.#terminal.out(`Expected: ${this.#expect ?? 'AA'}.`);
      return;
    }
    this.#terminal.out(`${this.#expect === undefined ? 'Not AA' : `Not ${this.#expect}`}:`);
    for (const line of this.#failedLines) this.#terminal.out(line);
    const more = this.#failed - this.#failedLines.length;
    if (more > 0) this.#terminal.out(`  … and ${count(more)} more`);
  }
}

/** Nothing came, and nothing was owed to a message that is accepted. */
const isSilentAsAsked = ({ codes, isWhole, isRefusal = false }: Exchange): boolean =>
  codes.length === 0 && isWhole && !isRefusal;

/** How messages without a code are counted in the summary. */
const WITHOUT_CODE: ReadonlyMap<string, string> = new Map([
  ['none', 'without reply'],
  ['not-asked', 'without reply, as asked'],
]);

const failedLine = (file: string, controlId: string, { codes, text }: Exchange): string =>
  `  ${printable(file)}  ${printable(controlId, 40)}  ${codes.join(' ') || 'no reply'}  ${printable(text)}`.trimEnd();

function quantile(sorted: readonly number[], share: number): number {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return Math.round(value * 10) / 10;
}
