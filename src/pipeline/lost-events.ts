/**
 * What a lost entry was, as far as its message still tells: the message is found between those of its neighbours and
 * judged again, which gives what it gave at intake unless the configuration has changed since.
 *
 * For certain known is the event, when the message gives as many entries of the destination as it did then and each
 * one that can be read is what is expected in its place. Else only keys are known: all of the message that no readable
 * entry accounts for, one of which is its own. Nothing is known when the message is lost, too, or gives no event now.
 */
import type { StoredMessage } from '../../outbox/frames.ts';
import { entryIdOf, parseEntryId } from '../../outbox/keys.ts';
import type { LaneStore, StoredEntry } from '../../outbox/lane-store.ts';
import type { KnownOfLost } from '../../outbox/lost-entries.ts';
import type { CanonicalEvent } from '../model/event.ts';
import { type ChannelId, type EntryId, messageIdOf, type OrderingKey, sequenceOfId } from '../model/ids.ts';
import type { IntakeChannel, IntakeParts } from './intake.ts';
import { judgeAgain } from './judge-again.ts';
import type { Ledger, MessageFacts } from './ledger.ts';

/** Messages that are looked through at most. */
const MESSAGES_MAX = 4_096;
const PAGE = 128;

/** Where the message of a lost entry is looked for, and how it is judged. */
export interface LostEventsParts {
  readonly ledger: Ledger;
  readonly channels: ReadonlyMap<ChannelId, IntakeChannel>;
  readonly facility: IntakeParts['facility'];
}

/** What a message is expected to have put into one lane, in order. */
interface Expected {
  readonly keys: readonly OrderingKey[];
  readonly line: string;
  /** null: the place of a held line. */
  readonly event: CanonicalEvent | null;
}

/** What is known of each of the entries; absent: nothing. @throws CausewayError `STORE_FAILED` */
export async function knownOfLost(
  parts: LostEventsParts,
  lane: LaneStore,
  lost: readonly number[],
): Promise<ReadonlyMap<number, KnownOfLost>> {
  const known = new Map<number, KnownOfLost>();
  const wanted = new Set<EntryId>(lost.map((sequence) => entryIdOf(lane.id, sequence)));
  const { from, to, epoch } = await messagesAround(parts.ledger, lane, lost);
  let seen = 0;
  for (let after: number | null = from - 1; after !== null && after < to && seen < lost.length; ) {
    const { messages, last } = await parts.ledger.frames.page(after, PAGE);
    for (const message of messages) {
      const here = message.sequence <= to ? message.header.entryIds.filter((id) => wanted.has(id)) : [];
      seen += here.length;
      if (here.length > 0)
        for (const [sequence, one] of await ofMessage(parts, { lane, message, epoch, lost })) known.set(sequence, one);
    }
    after = last;
  }
  return known;
}

/**
 * Messages among which those of the lost entries are: entries stand in the order of their messages, besides those that
 * a cure added, which stand behind younger ones. So the youngest message of some older entries is a lower bound.
 */
async function messagesAround(
  ledger: Ledger,
  lane: LaneStore,
  lost: readonly number[],
): Promise<{ from: number; to: number; epoch: number }> {
  const { before, after } = await lane.lost.around(Math.min(...lost), Math.max(...lost));
  const newest = (entries: readonly StoredEntry[]): number | null =>
    entries.length === 0 ? null : Math.max(...entries.map(messageNumber));
  const low = ledger.totals.low('message');
  const from = newest(before);
  const to = newest(after) ?? ledger.totals.messages;
  const epoch = before[0]?.header.epoch ?? after[0]?.header.epoch ?? 1;
  return from === null
    ? { from: Math.max(low, to - MESSAGES_MAX), to, epoch }
    : { from, to: Math.min(to, from + MESSAGES_MAX), epoch };
}

const messageNumber = ({ header }: StoredEntry): number => sequenceOfId(header.messageId, 'm') ?? 0;

interface Asked {
  readonly lane: LaneStore;
  readonly message: StoredMessage;
  readonly epoch: number;
  readonly lost: readonly number[];
}

async function ofMessage(
  { ledger, channels, facility }: LostEventsParts,
  { lane, message, epoch, lost }: Asked,
): Promise<ReadonlyMap<number, KnownOfLost>> {
  const known = new Map<number, KnownOfLost>();
  const channel = channels.get(message.header.channelId);
  const again = channel === undefined ? null : judgeAgain(message, { channel, facility, ledger });
  if (channel === undefined || again?.ok !== true) return known;
  const { judgment, facts } = again;
  const expected = expectedIn(ledger, lane, { judgment, facts, channel });
  const mine = message.header.entryIds.flatMap((id) => {
    const at = parseEntryId(id);
    return at?.destinationId === lane.id.destinationId && at.lane === lane.id.lane ? [at.sequence] : [];
  });
  // What stands in the place of a lost one can be read, and tells nothing.
  const others = await lane.lost.readable(mine.filter((sequence) => !lost.includes(sequence)));
  const readable = new Map([...others].filter(([, { header }]) => header.kind !== 'lost'));
  const isExact =
    expected.length === mine.length &&
    mine.every((sequence, index) => {
      const entry = readable.get(sequence);
      return entry === undefined || isSame(expected[index], entry);
    });
  const rest = unaccounted(expected, [...readable.values()]);
  for (const [index, sequence] of mine.entries()) {
    if (!lost.includes(sequence)) continue;
    const own = isExact ? expected[index] : undefined;
    const keys = [...new Set((own === undefined ? rest : [own]).flatMap((one) => one.keys))];
    if (keys.length === 0) continue;
    const event = own?.event == null ? null : ledger.entryRecord(own.event, { lane, sequence, facts, epoch }).header;
    known.set(sequence, { message: { ...facts, messageId: messageIdOf(message.sequence) }, keys, event });
  }
  return known;
}

function expectedIn(
  ledger: Ledger,
  lane: LaneStore,
  of: {
    readonly judgment: Extract<ReturnType<typeof judgeAgain>, { ok: true }>['judgment'];
    readonly facts: MessageFacts;
    readonly channel: IntakeChannel;
  },
): readonly Expected[] {
  const { destinationId } = lane.id;
  const { routes } = of.channel;
  const isRouted = routes.some((route) => route.destinationId === destinationId);
  return of.judgment.lines.flatMap((line): Expected[] => {
    if (!line.ok)
      return isRouted ? line.orderingKeys.map((key) => ({ keys: [key], line: line.line, event: null })) : [];
    const { event } = line;
    if (!ledger.destinationsOf(event, routes, of.facts).includes(destinationId)) return [];
    return [{ keys: [event.orderingKey, ...event.fenceKeys], line: event.line, event }];
  });
}

const isSame = (expected: Expected | undefined, { header }: StoredEntry): boolean =>
  expected?.keys[0] === header.orderingKey && expected.line === header.line;

/** Without those that an entry is there for; all of them when that leaves none. */
function unaccounted(expected: readonly Expected[], entries: readonly StoredEntry[]): readonly Expected[] {
  const rest = [...expected];
  for (const entry of entries) {
    const at = rest.findIndex((one) => isSame(one, entry));
    if (at >= 0) rest.splice(at, 1);
  }
  return rest.length > 0 ? rest : expected;
}
