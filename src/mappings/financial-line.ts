/** One FT1 segment (HL7 v2.5.1 ch. 6, FT1): what charges, payments and adjustments share. */
import type { EventKind, Identifier, Money } from '../model/event.ts';
import type { EventId, OrderingKey } from '../model/ids.ts';
import type { AmountPositions } from './amounts.ts';
import type { FieldReader } from './fields.ts';
import { eventIdOf, keyOf, missingIdentity } from './identity.ts';
import type { MappingContext } from './mapping.ts';
import { commonData, type MessageTimes } from './message-times.ts';

/** FT1-6, table 0017. */
export type TransactionType = 'CG' | 'CD' | 'PY' | 'AJ' | 'CO';

/** What a DFT says once for all its lines. */
export interface FinancialMessage {
  readonly context: MappingContext;
  /** MSH-12.1 as `versionOf` reads it; '' when it is none. */
  readonly version: string;
  readonly times: MessageTimes;
  readonly positions: AmountPositions;
  readonly account: Identifier | undefined;
  readonly encounterId: Identifier | undefined;
}

/** Id and key of the event of one line. */
export interface LineIdentity {
  readonly eventId: EventId;
  readonly orderingKey: OrderingKey;
}

/** One line while it is read. Problems go to the session of its reader, which no other line shares. */
export class FinancialLine {
  readonly message: FinancialMessage;
  readonly reader: FieldReader<undefined>;
  /** `FT1[2]`. */
  readonly place: string;
  readonly transactionType: TransactionType;
  /** FT1-2 as sent; never an identity, because senders reuse it. */
  readonly transactionId: string | undefined;

  constructor(
    message: FinancialMessage,
    line: {
      readonly place: string;
      readonly reader: FieldReader<undefined>;
      readonly transactionType: TransactionType;
    },
  ) {
    this.message = message;
    this.reader = line.reader;
    this.place = line.place;
    this.transactionType = line.transactionType;
    this.transactionId = line.reader.reference(2);
  }

  /** The encounter of the message, with the problem `required` when it has none. */
  requireEncounter(): Identifier | undefined {
    const { encounterId, context } = this.message;
    if (encounterId === undefined) {
      this.reader.session.problems.push(missingIdentity('a visit number', context.profile.encounterId));
    }
    return encounterId;
  }

  /** Id and key; null without account. */
  identify(kind: EventKind): LineIdentity | null {
    const { account, context } = this.message;
    if (account === undefined) return null;
    return { eventId: eventIdOf(context, kind, this.place), orderingKey: keyOf('account', account) };
  }

  /**
   * Members of `data` that every kind of line has. Call it last: it also collects the flags of the times read
   * before.
   */
  shared(direction: 'debit' | 'credit') {
    const { reader } = this;
    const postingDate = reader.time(5);
    return {
      direction,
      transactionType: this.transactionType,
      setId: reader.reference(1),
      transactionId: this.transactionId,
      batchId: reader.reference(3),
      postingDate,
      ...commonData(this.message.times, reader.session.timeFlags),
    };
  }

  /** The members of an event beside kind and data. */
  base(identity: LineIdentity, business: { readonly effectiveTime: string; readonly money: Money | null }) {
    return {
      contractVersion: 1 as const,
      ...identity,
      fenceKeys: [],
      line: this.place,
      occurredAt: this.message.times.instant,
      ...business,
    };
  }
}
