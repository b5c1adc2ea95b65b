/** Finding stored messages and entries for people: by control id, by message id, by entry id. */
import { type LaneId, parseEntryId } from '../../outbox/keys.ts';
import { LaneStore } from '../../outbox/lane-store.ts';
import type { EntryRow, MessageDetail, MessageQuery, MessageRow, Page } from '../api/operations.ts';
import { type ChannelId, type EntryId, type MessageId, messageIdOf, sequenceOfId } from '../model/ids.ts';
import type { UnreadableRecord } from '../model/store-damage.ts';
import type { Log } from '../platform/log.ts';
import type { OperationsParts } from './operations.ts';
import { acknowledgmentRow, entryRow, messageRow } from './rows.ts';
import { Unreadable } from './unreadable.ts';

/** Records read at a time: what one request may hold in memory beside its answer. */
const PAGE = 256;

type LookUpParts = Pick<OperationsParts, 'ledger' | 'lanes' | 'database' | 'blockerOf'>;

/** A page of stored messages in receive order; by control id through its index, however many messages there are. */
export async function listMessages(parts: LookUpParts, query: MessageQuery): Promise<Page<MessageRow>> {
  const { frames } = parts.ledger;
  const { limit, controlId } = query;
  const after = query.after === undefined ? 0 : (sequenceOfId(query.after, 'm') ?? 0);
  if (controlId !== undefined) return findMessages(parts, { ...query, controlId }, after);
  const rows: MessageRow[] = [];
  const lost = new Unreadable();
  for (let from = after; ; ) {
    const page = await frames.page(from, Math.min(PAGE, limit));
    for (const { sequence, what } of page.damaged) lost.add(messageIdOf(sequence), what);
    for (const message of page.messages) {
      from = message.sequence;
      if ((query.channel ?? message.header.channelId) === message.header.channelId) rows.push(messageRow(message));
      if (rows.length === limit) return { rows, next: messageIdOf(from), damaged: upTo(lost, messageIdOf(from)) };
    }
    if (page.last === null) return { rows, next: null, damaged: lost.named };
    from = page.last;
    if (lost.count >= limit) return { rows, next: messageIdOf(from), damaged: lost.named };
  }
}

/** The rest is named with the next page. */
const upTo = ({ named }: Unreadable, last: MessageId): readonly UnreadableRecord[] =>
  named.filter(({ id }) => id < last);

async function findMessages(
  { ledger }: LookUpParts,
  query: MessageQuery & { readonly controlId: string },
  after: number,
): Promise<Page<MessageRow>> {
  const channelIds = query.channel === undefined ? ledger.totals.channelIds() : [query.channel as ChannelId];
  const rows: MessageRow[] = [];
  const lost = new Unreadable();
  let isTold = false;
  for (let from = after; ; ) {
    const page = { after: from, limit: query.limit };
    const { numbers, damaged } = await ledger.frames.findEver(channelIds, query.controlId, page);
    if (damaged > 0 && !isTold) lost.add('control-id index', `${damaged} damaged: messages may be missing here.`);
    isTold ||= damaged > 0;
    for (const number of numbers) {
      from = number;
      const message = await lost.orNull(messageIdOf(number), () => ledger.frames.get(number));
      if (message === null) continue;
      rows.push(messageRow(message));
      if (rows.length === query.limit) return { rows, next: messageIdOf(number), damaged: lost.named };
    }
    if (numbers.length === 0) return { rows, next: null, damaged: lost.named };
  }
}

/** A message with the entries that came from it; null when there is none of this id. */
export async function showMessage(parts: LookUpParts, id: string): Promise<MessageDetail | null> {
  const sequence = sequenceOfId(id, 'm');
  const message = sequence === null ? null : parts.ledger.frames.get(sequence);
  if (message === null) return null;
  const acknowledgment = acknowledgmentRow(message, parts.ledger.frames.replies.isUnsent(message.sequence));
  const entries = await readableEntries(parts, message.header.entryIds);
  return { message: messageRow(message), acknowledgment, ...entries };
}

/** The frame as received; who looked is written to the log. Null when there is no message of this id. */
export function frameOf(
  { ledger, log }: LookUpParts & { readonly log: Log },
  id: string,
  by: string,
): { readonly base64: string } | null {
  const sequence = sequenceOfId(id, 'm');
  const message = sequence === null ? null : ledger.frames.get(sequence);
  if (message === null) return null;
  log.info('the content of a message was shown to a person', { messageId: id, reason: by });
  return { base64: message.frame.toString('base64') };
}

/** An entry; null when there is none of this id. @throws CausewayError `STORE_DAMAGED` */
export async function showEntry(parts: LookUpParts, id: string): Promise<EntryRow | null> {
  const at = parseEntryId(id);
  const lane = at === null ? null : laneOf(parts, at);
  const entry = at === null ? null : await lane?.entry(at.sequence);
  return lane === null || entry == null ? null : entryRow(lane, entry, parts.blockerOf(entry));
}

/** Those of the entries that exist, in the order given; also of destinations that are not configured any more. */
export async function readableEntries(
  parts: LookUpParts,
  entryIds: readonly EntryId[],
): Promise<Pick<MessageDetail, 'entries' | 'damaged'>> {
  const entries: EntryRow[] = [];
  const lost = new Unreadable();
  for (const entryId of entryIds) {
    const row = await lost.orNull(entryId, () => showEntry(parts, entryId));
    if (row !== null) entries.push(row);
  }
  return { entries, damaged: lost.named };
}

const laneOf = ({ lanes, database, ledger }: LookUpParts, { destinationId, lane }: LaneId): LaneStore =>
  lanes.get(destinationId) ?? new LaneStore({ destinationId, lane }, database, ledger.totals);
