import type { AckCode } from './acknowledgment.ts';
import type { RetryMeaning } from './delivery.ts';

/** What the catalogue of environment failures says of one code. */
export interface ErrorSpec {
  readonly text: string;
  readonly retry: RetryMeaning;
  /** Reply when raised before the commit; null when no sender is waiting. */
  readonly ack: AckCode | null;
  readonly httpStatus: number;
  readonly level: 'error' | 'warn' | 'info';
  /** What the operator can do. */
  readonly hint: string;
}
