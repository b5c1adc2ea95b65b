/** The times of a message that every event carries, and the rules for reading all its other times. */
import type { Hl7Message } from '../hl7/message.ts';
import { offsetOfMessage, readTimestamp, toZoned, type ZonedTime, type ZoneRules } from '../hl7/timestamp.ts';
import { type Deletion, FieldReader, type ReadSession } from './fields.ts';
import type { Problem } from '../model/problem.ts';
import type { MappingContext } from './mapping.ts';
import { completeType } from './message-type.ts';
import type { ChannelProfile } from './profile.ts';
import { requiredProblems } from './required-fields.ts';

/** Members of `data` that every kind of event has. */
export interface CommonData {
  readonly trigger: string;
  readonly recordedAt: string | undefined;
  readonly occurredAt: string | undefined;
  readonly messageAt: string | undefined;
}

export interface MessageTimes {
  readonly common: CommonData;
  /** UTC instant for the CloudEvents `time`: occurred, else recorded, else sent; null when none is precise enough. */
  readonly instant: string | null;
}

/**
 * A session for reading one message, or one line of it. It begins with a problem for each of `segments`, and of
 * those that the profile names, that is in the message under a name that is only nearly right, and for each field that
 * the profile requires and that has no value.
 */
export function openSession<OnDelete extends Deletion>(
  message: Hl7Message,
  { profile, facility }: MappingContext,
  reading: {
    readonly deletion: OnDelete;
    readonly segments: readonly string[];
    /** The segment that is an outcome of its own: what the profile requires of it is a problem of the line. */
    readonly line?: string;
  },
): ReadSession<OnDelete> {
  const zone: ZoneRules = {
    timezone: profile.timezone ?? facility.timezone,
    mshOffsetMinutes: profile.mshOffsetApplies ? offsetOfMessage(messageTimeText(message)) : null,
    mshOffsetApplies: profile.mshOffsetApplies,
  };
  const problems = [
    ...misnamedProblems(message, reading.segments, profile),
    ...requiredProblems(message, profile, reading.line ?? null),
  ];
  return { problems, timeFlags: [], zone, currency: facility.currency, deletion: reading.deletion };
}

/** Of a second header in one frame nothing else is read: its message is lost unless somebody says so. */
const ALWAYS_READ: readonly string[] = ['MSH', 'EVN'];

function misnamedProblems(message: Hl7Message, segments: readonly string[], profile: ChannelProfile): Problem[] {
  const problems: Problem[] = [];
  for (const { nearly, firstIndex, count } of message.misnamed()) {
    const isRead =
      ALWAYS_READ.includes(nearly) ||
      segments.includes(nearly) ||
      [...profile.account, ...profile.encounterId, ...profile.extensions.map(({ path }) => path)].some((path) =>
        path.startsWith(nearly),
      );
    if (!isRead) continue;
    const which = `Segment ${firstIndex + 1}${count === 1 ? ' is' : ` and ${count - 1} more are`}`;
    const text = `${which} nearly ${nearly}: expected the name alone, in capital letters.`;
    problems.push({ code: 'format', path: nearly, text });
  }
  return problems;
}

/**
 * MSH-7, EVN-2 and EVN-6. An unreadable MSH-7 is only flagged (`timeUnreadable MSH-7`): it is no business time, and a
 * sender with a broken one would otherwise have every message held.
 */
export function readMessageTimes<OnDelete extends Deletion>(
  message: Hl7Message,
  session: ReadSession<OnDelete>,
): MessageTimes {
  const evn = new FieldReader(message.segment('EVN'), 'EVN', session);
  const recorded = evn.zonedTime(2) ?? undefined;
  const occurred = evn.zonedTime(6) ?? undefined;
  const sent = readSent(message, session);
  const messageType = completeType(message.messageType);
  return {
    common: {
      trigger: messageType.slice(messageType.indexOf('^') + 1),
      recordedAt: recorded?.text,
      occurredAt: occurred?.text,
      messageAt: sent?.text,
    },
    instant: occurred?.utc ?? recorded?.utc ?? sent?.utc ?? null,
  };
}

function readSent<OnDelete extends Deletion>(
  message: Hl7Message,
  session: ReadSession<OnDelete>,
): ZonedTime | undefined {
  const text = messageTimeText(message);
  if (text === '' || text === '""') return undefined;
  const timestamp = readTimestamp(text);
  if (timestamp.ok) return toZoned(timestamp.value, session.zone);
  session.timeFlags.push('timeUnreadable MSH-7');
  return undefined;
}

const messageTimeText = (message: Hl7Message): string => (message.segment('MSH')?.value(7) ?? '').trim();

/** Members of `data` common to every kind, with what a reader should know about its times. */
export const commonData = (
  times: MessageTimes,
  timeFlags: readonly string[],
): CommonData & { readonly timeFlags: string[] | undefined } => ({
  ...times.common,
  timeFlags: timeFlags.length === 0 ? undefined : [...new Set(timeFlags)],
});
