/** What the sender of a batch is told: by a batch of acknowledgments, or by one (`policy.batch.reply`). */
import type { StoredMessage } from '../../outbox/frames.ts';
import { buildAck } from '../hl7/acknowledgment.ts';
import type { BatchFile } from '../hl7/batch-file.ts';
import { buildBatchReply } from '../hl7/batch-reply.ts';
import { type MessageHeader, withControlId } from '../hl7/header.ts';
import type { AckCode } from '../model/acknowledgment.ts';
import { messageIdOf } from '../model/ids.ts';
import type { IntakeResult } from '../model/intake.ts';
import type { Problem } from '../model/problem.ts';
import type { Member } from './batch-intake.ts';
import { refuse } from './judge.ts';
import type { BatchSettings } from './settings.ts';
import { fullestReply, onlyReply, type ReplyFacts, type ReplyRules, repliesTo } from './replies.ts';
import { type Understood, UNREADABLE } from './understand.ts';

/** A batch that was read and judged. */
export interface BatchFacts {
  readonly file: BatchFile;
  readonly members: readonly Member[];
  readonly settings: BatchSettings;
  /** Of the frame: FHS, BHS, or MSH of the first message. */
  readonly header: MessageHeader | null;
  readonly rules: ReplyRules;
}

/** Problems of other messages that one acknowledgment tells. */
const PROBLEMS_MAX = 10;
const ORDER: readonly AckCode[] = ['AA', 'AE', 'AR'];
const worst = (codes: readonly AckCode[]): AckCode =>
  codes.reduce((so, code) => (ORDER.indexOf(code) > ORDER.indexOf(so) ? code : so), 'AA');

/** All messages are taken, or each by itself. */
export function acceptedReply(
  facts: BatchFacts,
  outcomes: readonly { readonly message: StoredMessage; readonly result: IntakeResult }[],
): IntakeResult {
  const [first] = outcomes;
  const ackCode = worst(outcomes.map(({ result }) => result.ackCode));
  const messageId = first === undefined ? null : messageIdOf(first.message.sequence);
  const at = { messageId: messageId ?? '', atMs: first?.message.header.receivedAtMs ?? 0 };
  const bad = facts.members.flatMap((member, index) =>
    outcomes[index]?.result.ackCode === 'AA' ? [] : [{ member, index }],
  );
  const reply =
    facts.settings.reply === 'batch'
      ? inBatch(
          facts,
          outcomes.map(({ message }) => fullestReply(message)),
          at,
        )
      : inOne(facts, at, {
          code: ackCode,
          text: `${outcomes.length - bad.length} of ${outcomes.length} messages of the batch accepted.`,
          problems: problemsOf(facts, bad),
        });
  const settle = (sent: boolean): void => {
    for (const { result } of outcomes) result.settle?.(sent);
  };
  return { disposition: first?.result.disposition ?? 'filtered', messageId, ackCode, reply, settle };
}

/** One message is refused, so all are. */
export function refusedBatch(facts: BatchFacts, isBad: (member: Member) => boolean): Understood {
  const { members } = facts;
  const bad = members.flatMap((member, index) => (isBad(member) ? [{ member, index }] : []));
  const number = (bad[0]?.index ?? 0) + 1;
  const code = worst(bad.map(({ member }) => member.understood.judgment.ackCode));
  const problems = problemsOf(facts, bad);
  const because = `message ${number} of ${members.length} is refused, and the batch is taken whole or not at all`;
  const judgment = { ...refuse({ code: 'batch', path: '', text: `${because}.` }), ackCode: code, problems };
  const other = { code: 'batch', path: '', text: `Not taken: ${because}.` } as const;
  return {
    header: facts.header,
    routed: { ...UNREADABLE, type: 'batch' },
    judgment,
    flags: ['batch'],
    reply(at) {
      if (facts.settings.reply === 'single') return inOne(facts, at, { code, text: judgment.text, problems });
      const replies = members.map((member, index) => {
        if (member.earlier !== null && !isBad(member)) return fullestReply(member.earlier);
        const own = isBad(member)
          ? member.understood.judgment
          : { ackCode: 'AE' as const, text: other.text, problems: [other] };
        const said = { header: member.understood.header, judgment: own };
        const refusal = onlyReply(repliesTo(facts.rules, said, { ...at, messageId: `${at.messageId}.${index + 1}` }));
        return refusal.length === 0 ? null : refusal;
      });
      return inBatch(facts, replies, at);
    },
  };
}

/** BHS and BTS with nothing between them. */
export function emptyBatch(facts: BatchFacts): Understood {
  const judgment = { ...refuse({ code: 'batch', path: '', text: '' }), problems: [] } as const;
  return {
    header: facts.header,
    routed: { ...UNREADABLE, type: 'batch' },
    judgment: { ...judgment, disposition: 'filtered', ackCode: 'AA', text: 'Accepted: the batch holds no message.' },
    flags: ['batch'],
  };
}

/** Empty when no message of it is owed a reply. */
function inBatch({ file, rules }: BatchFacts, replies: readonly (Buffer | null)[], at: ReplyFacts): Buffer {
  if (replies.every((reply) => reply === null)) return Buffer.alloc(0);
  const { timezone } = rules.facility;
  return buildBatchReply({ file, replies, controlId: at.messageId, atMs: at.atMs, timezone });
}

/** One acknowledgment in the name of the first message; MSA-2 is the control id of the envelope where it has one. */
function inOne(
  { header, members, rules }: BatchFacts,
  at: ReplyFacts,
  told: { readonly code: AckCode; readonly text: string; readonly problems: readonly Problem[] },
): Buffer {
  const named = members[0]?.understood.header ?? header;
  const controlId = header?.controlId || named?.controlId;
  const asked = named === null || controlId === undefined ? named : withControlId(named, controlId);
  return buildAck({
    header: asked,
    ...told,
    controlId: at.messageId,
    atMs: at.atMs,
    timezone: rules.facility.timezone,
  });
}

/** Problems of single messages, each with the number of its message. */
function problemsOf(
  { members }: BatchFacts,
  bad: readonly { readonly member: Member; readonly index: number }[],
): readonly Problem[] {
  return bad
    .flatMap(({ member, index }) =>
      member.understood.judgment.problems.map(({ code, path, text }) => ({
        code,
        path,
        text: `Message ${index + 1} of ${members.length}: ${text}`,
      })),
    )
    .slice(0, PROBLEMS_MAX);
}
