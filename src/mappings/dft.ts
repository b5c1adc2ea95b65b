/**
 * What DFT P03 and P11 share. Each FT1 is an outcome of its own: a bad line never stops its neighbours. What is
 * wrong with the message itself (no account, two patients) fails every line.
 */
import type { Hl7Message, Hl7Segment } from '../hl7/message.ts';
import type { CanonicalEvent } from '../model/event.ts';
import type { OrderingKey } from '../model/ids.ts';
import { amountPositionsOf, applySign, type LineAmounts, readAmounts, type SignRule, takesBack } from './amounts.ts';
import { chargeEvent } from './charge.ts';
import { FieldReader, type ReadSession } from './fields.ts';
import { FinancialLine, type FinancialMessage, type TransactionType } from './financial-line.ts';
import { versionOf } from '../hl7/version.ts';
import { keyOf, missingIdentity, readByPaths, refuseSeveral } from './identity.ts';
import { type LineOutcome, type MappingContext, WHOLE_MESSAGE } from './mapping.ts';
import { openSession, readMessageTimes } from './message-times.ts';
import type { ChannelProfile } from './profile.ts';
import { adjustmentEvent, paymentEvent } from './receivable.ts';
import { requiredInLine } from './required-fields.ts';

/** One outcome for each FT1, `FT1[1]` first; a DFT without FT1 is one failing outcome `no-event`. */
export function mapFinancialLines(message: Hl7Message, context: MappingContext): readonly LineOutcome[] {
  const session = openSession(message, context, {
    deletion: undefined,
    segments: ['PID', 'PV1', 'FT1'],
    line: 'FT1',
  });
  const financial = readFinancialMessage(message, context, session);
  const keys = financial.account === undefined ? [] : [keyOf('account', financial.account)];
  const segments = message.segments('FT1');
  if (segments.length === 0) {
    const problems = [
      ...session.problems,
      { code: 'no-event' as const, path: 'FT1', text: 'Expected at least one FT1 segment.' },
    ];
    return [{ ok: false, line: WHOLE_MESSAGE, problems, orderingKeys: keys, money: null }];
  }
  return segments.map((segment, index) => {
    const line = openLine(segment, `FT1[${index + 1}]`, session);
    line.reader.session.problems.push(...requiredInLine(message, context.profile, { segment, place: line.place }));
    return mapLine(financial, line, keys);
  });
}

function readFinancialMessage(
  message: Hl7Message,
  context: MappingContext,
  session: ReadSession<undefined>,
): FinancialMessage {
  const { profile } = context;
  refuseSeveral(message, session);
  const account = readByPaths(message, profile.account, session, 'account');
  // A number that is there but cannot be read has its own problem already.
  if (account === undefined && !session.problems.some(({ path }) => profile.account.includes(path))) {
    session.problems.push(missingIdentity('a billing account', profile.account));
  }
  const encounterId = readByPaths(message, profile.encounterId, session, 'encounter');
  const version = versionOf(message.version);
  const times = readMessageTimes(message, session);
  return {
    context,
    version,
    times,
    positions: amountPositionsOf(version),
    account,
    encounterId,
  };
}

interface OpenLine {
  readonly place: string;
  readonly reader: FieldReader<undefined>;
}

/** The session of a line begins with the problems and flags of the message. */
function openLine(segment: Hl7Segment, place: string, session: ReadSession<undefined>): OpenLine {
  const own = { ...session, problems: [...session.problems], timeFlags: [...session.timeFlags] };
  return { place, reader: new FieldReader(segment, place, own) };
}

function mapLine(
  message: FinancialMessage,
  { place, reader }: OpenLine,
  orderingKeys: readonly OrderingKey[],
): LineOutcome {
  const { profile } = message.context;
  const transactionType = readType(reader);
  const read = readAmounts(reader, message.positions, profile.amountTolerance);
  let amounts: LineAmounts | undefined;
  let event: CanonicalEvent | null = null;
  if (transactionType !== undefined) {
    const { kind, rule } = meaningOf(transactionType, read, profile);
    amounts = read && applySign(read, rule);
    if (read !== undefined && amounts === undefined) {
      reader.problem('amount-mismatch', reader.path(message.positions.extended), 'Expected the sign of the quantity.');
    }
    event = eventOf(new FinancialLine(message, { place, reader, transactionType }), kind, amounts);
  }
  const { problems } = reader.session;
  if (problems.length === 0 && event !== null) return { ok: true, line: place, event };
  return { ok: false, line: place, problems, orderingKeys, money: amounts?.amount ?? null };
}

const isTransactionType = (text: string): text is TransactionType =>
  text === 'CG' || text === 'CD' || text === 'PY' || text === 'AJ' || text === 'CO';

/** FT1-6. Without it a line has no direction, so nothing is assumed. */
function readType(reader: FieldReader<undefined>): TransactionType | undefined {
  const text = reader.plain(6);
  if (isTransactionType(text)) return text;
  if (
    reader.required(text === '' || text === '""' ? undefined : text, 6, 'a transaction type (table 0017)') !== undefined
  ) {
    reader.problem('unsupported-code', reader.path(6), 'Expected CG, CD, PY, AJ or CO (table 0017).');
  }
  return undefined;
}

type LineKind = 'charge.posted' | 'charge.credited' | 'payment.received' | 'adjustment.posted';

/** What a transaction type becomes, and the rule of its sign. */
function meaningOf(
  type: TransactionType,
  read: LineAmounts | undefined,
  profile: ChannelProfile,
): { readonly kind: LineKind; readonly rule: SignRule } {
  switch (type) {
    case 'CG':
      if (read !== undefined && profile.negativeChargeIsCredit && takesBack(read)) {
        return { kind: 'charge.credited', rule: 'credit' };
      }
      return { kind: 'charge.posted', rule: 'asSent' };
    case 'CD':
      return { kind: 'charge.credited', rule: profile.creditSign === 'absolute' ? 'credit' : 'asSent' };
    case 'PY':
    case 'CO':
      return { kind: 'payment.received', rule: profile.paymentSign };
    case 'AJ':
      return { kind: 'adjustment.posted', rule: profile.adjustmentSign };
  }
}

function eventOf(line: FinancialLine, kind: LineKind, amounts: LineAmounts | undefined): CanonicalEvent | null {
  if (kind === 'payment.received') return paymentEvent(line, amounts);
  return kind === 'adjustment.posted' ? adjustmentEvent(line, amounts) : chargeEvent(line, kind, amounts);
}
