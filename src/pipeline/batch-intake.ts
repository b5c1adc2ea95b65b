/**
 * Several messages in one frame: a batch (FHS, BHS, BTS, FTS) or messages without envelope. What each message becomes
 * is decided as if it had come alone; whether the batch is taken is decided over all of them
 * (docs/decisions/0022-batches.md). Everything goes into one batch of writes, so nothing of a batch is ever posted in
 * part.
 */
import type { IdentityDraft } from '../../outbox/identity-draft.ts';
import type { StoredMessage } from '../../outbox/frames.ts';
import {
  type BatchFile,
  type BatchMessage,
  countProblems,
  hasEnvelope,
  messagesOf,
  readBatch,
  totalsOf,
} from '../hl7/batch-file.ts';
import { decodeWideFrame } from '../hl7/charset.ts';
import { type ParsedMessage, parseMessage } from '../hl7/parse.ts';
import { CausewayError } from '../model/errors.ts';
import { payloadHashOf } from '../model/ids.ts';
import type { InboundFrame, IntakeResult } from '../model/intake.ts';
import type { MessageFlag } from '../model/message-flag.ts';
import type { Problem } from '../model/problem.ts';
import { WriteBatch } from '../platform/database.ts';
import { acceptedReply, emptyBatch, refusedBatch } from './batch-answer.ts';
import { BatchTotals } from './batch-totals.ts';
import type { IntakeParts } from './intake.ts';
import { refuse } from './judge.ts';
import type { Placed } from './ledger.ts';
import { earlierOf, findUses, indexName, isRejected, isToldAlike, repeat } from './repetition.ts';
import { stage } from './staging.ts';
import { understand, type Understood, UNREADABLE } from './understand.ts';

/** The frame as the reader of single messages saw it. */
export interface BatchReading {
  readonly parsed: Extract<ParsedMessage, { ok: false }>;
  readonly payloadHash: string;
}

/** One stored message, or the earlier one of a repetition. */
interface Outcome {
  readonly message: StoredMessage;
  readonly result: IntakeResult;
}

/** All that one frame gives, to be committed at once. */
export interface StagedBatch {
  readonly writes: WriteBatch;
  /** False when everything in it is a repetition: there is nothing to commit. */
  readonly isNew: boolean;
  /** What repetitions must wait for until the commit. */
  readonly indexed: readonly { readonly name: string; readonly day: number; readonly payloadHash: string }[];
  readonly placed: readonly Placed[];
  readonly outcomes: readonly Outcome[];
  readonly result: IntakeResult;
}

/** Longest piece of work before other connections have their turn, in ms. */
const SLICE_MS = 10;

/** A message of the batch, judged. */
export interface Member {
  readonly message: BatchMessage;
  readonly payloadHash: string;
  readonly name: string | null;
  readonly understood: Understood;
  /** The stored message that it repeats. */
  readonly earlier: StoredMessage | null;
  /** Index of the member of this batch that it repeats. */
  readonly sameAs: number | null;
  /** Where the control id is indexed, when it is new. */
  readonly place: ReturnType<typeof findUses>['place'] | null;
}

/**
 * Reads and judges a frame of several messages and stages what is to be stored. Nothing else may be staged on the
 * channel meanwhile. Yields now and then; the staging itself does not.
 */
export async function stageBatch(parts: IntakeParts, frame: InboundFrame, of: BatchReading): Promise<StagedBatch> {
  const { batch: settings } = parts.channel.policy;
  const whole = (understood: Understood): StagedBatch => stageWhole(parts, frame, { of, understood });
  const refused = (problems: readonly Problem[]): StagedBatch => {
    const [first] = problems;
    const judgment = { ...refuse(first ?? of.parsed.problem), problems };
    return whole({ header: of.parsed.header, routed: BATCH, judgment, flags: ['batch'] });
  };
  if (decodeWideFrame(frame.bytes) !== null) return refused([wideBatch]);
  const read = readBatch(frame.bytes, settings.messagesMax);
  if (!read.ok) return refused([read.problem]);
  const { file } = read;
  const isFramed = hasEnvelope(file);
  const count = messagesOf(file).length;
  if (!isFramed && (settings.withoutEnvelope === 'reject' || count < 2)) return refused([of.parsed.problem]);
  const { failures } = parts.database;
  const { members, problems, isUnchecked } = await judgeAll(parts, frame, file);
  // Judged by a picture of the store that may not be kept; and while it is read anew no number may be given.
  if (parts.database.failures !== failures) throw new CausewayError('STORE_FAILED', '');
  if (problems.length > 0 && settings.onMismatch === 'reject') return refused(problems);
  const facts = { file, members, settings, header: of.parsed.header, rules: parts };
  if (members.length === 0) return whole(emptyBatch(facts));
  const isBad = ({ understood, earlier }: Member): boolean =>
    understood.judgment.disposition === 'rejected' && (earlier === null || isRejected(earlier));
  if (settings.acceptance === 'all-or-nothing' && members.some(isBad)) return whole(refusedBatch(facts, isBad));
  const flags: MessageFlag[] = [
    'batch',
    ...(problems.length > 0 ? (['batch-mismatch'] as const) : []),
    ...(isUnchecked ? (['batch-total-unchecked'] as const) : []),
  ];
  const staged = stageMembers(parts, frame, { members, flags, after: file.after });
  const result = acceptedReply(facts, staged.outcomes);
  return { ...staged, result };
}

interface Judged {
  readonly members: readonly Member[];
  readonly problems: readonly Problem[];
  readonly isUnchecked: boolean;
}

async function judgeAll(parts: IntakeParts, frame: InboundFrame, file: BatchFile): Promise<Judged> {
  const { channel, clock } = parts;
  const members: Member[] = [];
  const problems = [...countProblems(file)];
  let isUnchecked = false;
  // A message sees the merges of those before it, which are not stored yet.
  const identities = parts.ledger.identities.draft(null);
  const seen = new Map<string, Map<string, number>>();
  let sliceBeganMs = clock.monotonicMs();
  for (const [index, batch] of file.batches.entries()) {
    const totals = new BatchTotals(channel.policy.batch.totalPaths);
    for (const [at, message] of batch.messages.entries()) {
      const parsed = parseMessage(message.bytes, channel.format);
      if (parsed.ok && batch.trailer !== null) totals.add(parsed.message, at + 1);
      members.push(judgeMember(parts, { message, parsed, seen, number: members.length, frame, identities }));
      if (clock.monotonicMs() - sliceBeganMs < SLICE_MS) continue;
      await new Promise((resolve) => setImmediate(resolve));
      sliceBeganMs = clock.monotonicMs();
    }
    const finding = totals.check(totalsOf(batch), index + 1);
    problems.push(...finding.problems);
    isUnchecked ||= finding.isUnchecked;
  }
  return { members, problems, isUnchecked };
}

interface MemberReading {
  readonly message: BatchMessage;
  readonly parsed: ParsedMessage;
  /** Members before it by name and content. */
  readonly seen: Map<string, Map<string, number>>;
  readonly number: number;
  readonly frame: InboundFrame;
  readonly identities: IdentityDraft;
}

function judgeMember(parts: IntakeParts, reading: MemberReading): Member {
  return reading.identities.attempt(
    () => readMember(parts, reading),
    ({ earlier, sameAs, understood }) => earlier === null && sameAs === null && understood.judgment.events.length > 0,
  );
}

function readMember(parts: IntakeParts, { message, parsed, seen, number, frame, identities }: MemberReading): Member {
  const payloadHash = payloadHashOf(message.bytes);
  const name = indexName(parsed.header, payloadHash);
  const inBatch = (name === null ? undefined : seen.get(name)) ?? new Map<string, number>();
  if (name !== null) seen.set(name, inBatch);
  const sameAs = inBatch.get(payloadHash) ?? null;
  const found = name === null ? null : findUses(parts, name, payloadHash);
  const reused = found?.isReused === true || (inBatch.size > 0 && sameAs === null);
  const { receivedAtMs } = frame;
  const { message: candidate, isUnproven } = earlierOf(parts.ledger.frames, found);
  const reading = { parsed, receivedAtMs, payloadHash, reused, isUnproven, link: null, identities };
  const understood = understand(parts, reading);
  const isRepeated = candidate !== null && (!isRejected(candidate) || isToldAlike(parts, candidate, understood));
  const place = found === null ? null : { ...found.place, isFirst: found.place.isFirst && inBatch.size === 0 };
  if (sameAs === null) inBatch.set(payloadHash, number);
  return { message, payloadHash, name, understood, earlier: isRepeated ? candidate : null, sameAs, place };
}

interface MembersToStage {
  readonly members: readonly Member[];
  readonly flags: readonly MessageFlag[];
  readonly after: string;
}

function stageMembers(
  parts: IntakeParts,
  frame: InboundFrame,
  { members, flags, after }: MembersToStage,
): Omit<StagedBatch, 'result'> {
  const writes = new WriteBatch();
  const outcomes: Outcome[] = [];
  const placed: Placed[] = [];
  const indexed: { name: string; day: number; payloadHash: string }[] = [];
  for (const [index, { message, payloadHash, name, understood, earlier, sameAs, place }] of members.entries()) {
    const twin = sameAs === null ? undefined : outcomes[sameAs];
    const known = earlier ?? twin?.message ?? null;
    if (known !== null) {
      outcomes.push({ message: known, result: repeat(parts, known) });
      continue;
    }
    const staged = stage(writes, parts, {
      frame: { ...frame, bytes: message.bytes },
      payloadHash,
      indexedAt: place,
      understood: { ...understood, flags: [...understood.flags, ...flags] },
      place: {
        number: index + 1,
        of: members.length,
        ...(message.before === '' ? {} : { before: message.before }),
        ...(index < members.length - 1 || after === '' ? {} : { after }),
      },
    });
    outcomes.push({ message: staged.message, result: staged.result });
    placed.push(...staged.placed);
    if (name !== null) indexed.push({ name, day: place?.day ?? 0, payloadHash });
  }
  return {
    writes,
    isNew: outcomes.some(({ result }) => result.disposition !== 'duplicate'),
    indexed,
    placed,
    outcomes,
  };
}

/** One record for the whole frame: it was refused, or holds no message. */
function stageWhole(
  parts: IntakeParts,
  frame: InboundFrame,
  { of, understood }: { readonly of: BatchReading; readonly understood: Understood },
): StagedBatch {
  const writes = new WriteBatch();
  const { payloadHash } = of;
  // Not under a control id: one of a batch, or of its first message, says nothing about a message.
  const name = `batch ${payloadHash}`;
  const found = findUses(parts, name, payloadHash);
  const { message: earlier } = earlierOf(parts.ledger.frames, found);
  if (earlier !== null && (!isRejected(earlier) || isToldAlike(parts, earlier, understood))) {
    const result = repeat(parts, earlier);
    return { writes, isNew: false, indexed: [], placed: [], outcomes: [{ message: earlier, result }], result };
  }
  const { message, result } = stage(writes, parts, { frame, payloadHash, indexedAt: found.place, understood });
  const indexed = [{ name, day: found.place.day, payloadHash }];
  return { writes, isNew: true, indexed, placed: [], outcomes: [{ message, result }], result };
}

const BATCH = { ...UNREADABLE, type: 'batch' };

const wideBatch: Problem = {
  code: 'charset',
  path: '',
  text: 'A batch in UTF-16 or UTF-32 is not taken; expected UTF-8, or a set of single bytes.',
};
