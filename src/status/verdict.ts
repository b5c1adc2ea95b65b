/**
 * The one sentence about the whole facility, from the rows' states. Pure; wording rules as in `row-state.ts`.
 */
import { certificateFindings } from './certificate-wording.ts';
import { driftSummary } from './drift-text.ts';
import { isStoppedByDamage, type StateText } from './row-state.ts';
import type { ChannelStatus, DestinationStatus, StatusSnapshot, StoreStatus } from './snapshot.ts';
import {
  formatAge,
  formatBytes,
  formatCount,
  formatCountOf,
  formatHours,
  formatMoment,
  type Moment,
  type Waiting,
  waitingText,
} from './wording.ts';

/** The parts of a snapshot that decide its verdict. */
export type VerdictParts = Pick<
  StatusSnapshot,
  'nowMs' | 'store' | 'disk' | 'memory' | 'channels' | 'destinations' | 'certificates' | 'openCases'
> &
  Pick<Moment, 'timezone'>;

/** One thing that is wrong. */
export interface Finding extends StateText {
  /** Said after `text` when nothing else is wrong. */
  readonly reassurance: string;
  /** Short form behind "Also:". */
  readonly brief: string;
}

/** Fewer free inodes than this are said. */
const FEW_INODES = 10_000;
/** Findings named behind the first one. */
const ALSO_MAX = 3;

/** The worst thing as a sentence, further ones in short form. */
export function verdictOf(parts: VerdictParts): StateText {
  const findings = [
    ...storeFindings(parts.store, parts),
    ...diskFindings(parts),
    ...damageFindings(parts.store),
    ...stoppedFindings(parts),
    ...outageFindings(parts),
    ...listenerFindings(parts),
    ...behindFindings(parts),
    ...personFindings(parts),
    ...certificateFindings(parts),
    ...driftFindings(parts),
    ...memoryFindings(parts),
    ...silenceFindings(parts),
  ];
  const [first, ...others] = findings;
  if (first === undefined) return quietVerdict(parts);
  if (others.length === 0) return { state: first.state, text: `${first.text} ${first.reassurance}` };
  const also = others.slice(0, ALSO_MAX).map(({ brief }) => brief);
  return { state: first.state, text: `${first.text} Also: ${also.join('; ')}.` };
}

/** Nothing is wrong: either everything flows, or nothing has come in yet. */
function quietVerdict(parts: VerdictParts): StateText {
  const { channels, destinations, nowMs } = parts;
  const total = waitingIn(destinations);
  if (channels.length > 0 && channels.every(({ lastMessageAtMs }) => lastMessageAtMs === null) && total.waiting === 0) {
    const listening = `${formatCountOf(channels.length, 'channel')} ${channels.length === 1 ? 'listens' : 'listen'}.`;
    return { state: 'silent', text: `Nothing received yet – this is normal after a start. ${listening}` };
  }
  const rest = total.waiting === 0 ? 'Nothing waits.' : `${waitingText({ ...total, nowMs })}.`;
  return { state: 'flowing', text: `Everything flows. ${rest}` };
}

function storeFindings(store: StoreStatus, moment: Moment): Finding[] {
  if (store.state === 'open') return [];
  const since = store.failedSinceMs === null ? '' : ` since ${formatMoment(store.failedSinceMs, moment)}`;
  const why = store.reason === null ? '' : ` (${store.reason})`;
  if (store.state === 'damaged')
    return [
      {
        state: 'blocked',
        text:
          `A damaged file of the store stops every write${since}; senders are asked to repeat. ` +
          'Stop the appliance and run causeway salvage.',
        reassurance: 'What can be read is still delivered.',
        brief: 'the store takes no writes',
      },
    ];
  return [
    {
      state: 'blocked',
      text:
        `The store cannot write${since}${why}; nothing is accepted and senders are asked to repeat. ` +
        'It is opened again by itself; check free space and the disk.',
      reassurance: 'What was accepted before is safe.',
      brief: 'the store cannot write',
    },
  ];
}

/** The disk: blocked from the high mark on; above it a warning, with the forecast when there is one. */
function diskFindings({ disk }: VerdictParts): Finding[] {
  const { state, hoursToFull } = disk;
  if (state === 'plenty') return [];
  const free = `${formatBytes(disk.freeBytes)} free${inodesText(disk)}`;
  const safe = 'What was accepted before is safe and is delivered.';
  const blocked = (text: string, brief: string): Finding[] => [{ state: 'blocked', text, reassurance: safe, brief }];
  switch (state) {
    case 'paused':
      return blocked(`The disk is full (${free}); senders are not read until space is freed.`, 'the disk is full');
    case 'refusing':
      return blocked(
        `The disk is nearly full (${free}); messages are answered AE until space is freed.`,
        'the disk is nearly full',
      );
    case 'read-only':
      return blocked('The disk takes no writes; messages are answered AE until it does.', 'the disk takes no writes');
    case 'warn': {
      const forecast = hoursToFull === null ? '' : `, full in ${formatHours(hoursToFull)} at this rate`;
      const text = `The disk fills: ${free}${forecast}.`;
      return [{ state: 'needs-attention', text, reassurance: 'Everything flows.', brief: `the disk fills (${free})` }];
    }
  }
}

/** Said only where inodes are the shortage that a person would not find with `df`. */
function inodesText({ freeInodes }: VerdictParts['disk']): string {
  return freeInodes === null || freeInodes >= FEW_INODES ? '' : `, ${formatCountOf(freeInodes, 'inode')} free`;
}

function damageFindings({ damage }: StoreStatus): Finding[] {
  if (damage === undefined) return [];
  const [first = 'see its log'] = damage.listed;
  const more = damage.listed.length > 1 ? ' and more' : '';
  return [
    {
      state: 'needs-attention',
      text: `The store is damaged (${first}${more}). Run causeway verify for the whole list, and look at the disk.`,
      reassurance: 'What can be read is still delivered.',
      brief: 'the store is damaged',
    },
  ];
}

/** Destinations of which a stored record is damaged. */
function stoppedFindings({ destinations, nowMs }: VerdictParts): Finding[] {
  const stopped = destinations.filter(isStoppedByDamage);
  if (stopped.length === 0) return [];
  const what = `deliveries to ${listed(stopped.map(({ id }) => id))} are stopped, because the store is damaged`;
  const total = waitingIn(stopped);
  const affected = total.waiting === 0 ? 'nothing waits yet' : waitingText({ ...total, nowMs });
  return [
    {
      state: 'blocked',
      text: `${what.replace('d', 'D')}; ${affected}. Run causeway verify and look at the disk.`,
      reassurance: 'Messages are still accepted.',
      brief: what,
    },
  ];
}

function outageFindings({ destinations, nowMs, timezone }: VerdictParts): Finding[] {
  const down = destinations.filter((one) => one.state === 'blocked' && !isStoppedByDamage(one));
  const [first] = down;
  if (first === undefined) return [];
  const sinceOf = ({ circuitOpenSinceMs }: DestinationStatus): string =>
    circuitOpenSinceMs === null ? '' : ` since ${formatMoment(circuitOpenSinceMs, { nowMs, timezone })}`;
  const total = waitingIn(down);
  const affected = total.waiting === 0 ? 'nothing waits yet' : waitingText({ ...total, nowMs });
  const what =
    down.length === 1
      ? `ERP ${first.id} cannot be reached${sinceOf(first)}`
      : `${formatCount(down.length)} ERPs cannot be reached (${listed(down.map((one) => one.id + sinceOf(one)))})`;
  return [
    {
      state: 'blocked',
      text: `${what}; ${affected}. Events go out in order when it answers.`,
      reassurance: 'Messages are still accepted.',
      brief: what,
    },
  ];
}

function listenerFindings({ channels, store, disk }: VerdictParts): Finding[] {
  // Said already: every channel answers AE or waits.
  if (store.state !== 'open' || !['plenty', 'warn'].includes(disk.state)) return [];
  const down = channels.filter(({ state }) => state === 'blocked').map(({ id }) => id);
  if (down.length === 0) return [];
  const what = `${down.length === 1 ? 'channel' : 'channels'} ${listed(down)} cannot take messages`;
  return [
    {
      state: 'blocked',
      text: `${what.replace('channel', 'Channel')}; the senders keep them.`,
      reassurance: 'Everything else flows.',
      brief: what,
    },
  ];
}

function behindFindings({ destinations, nowMs }: VerdictParts): Finding[] {
  const late = destinations.filter(({ state }) => state === 'behind');
  if (late.length === 0) return [];
  const names = listed(late.map(({ id }) => id));
  const waits = waitingText({ ...waitingIn(late), nowMs });
  return [
    {
      state: 'behind',
      text: `Deliveries to ${names} are late: ${waits}. They are sent in order; nothing is lost.`,
      reassurance: 'Everything else flows.',
      brief: `deliveries to ${names} are late`,
    },
  ];
}

function personFindings({ destinations, openCases }: VerdictParts): Finding[] {
  const dead = destinations.reduce((sum, one) => sum + one.dead, 0);
  const blockedBehind = destinations.reduce((sum, one) => sum + one.blockedBehind, 0);
  if (openCases + dead === 0) return [];
  const cases = `${formatCountOf(openCases, 'exception case')} ${openCases === 1 ? 'needs' : 'need'} a person`;
  const aside = `${formatCountOf(dead, 'event')} ${dead === 1 ? 'is' : 'are'} set aside`;
  const brief = [openCases > 0 ? cases : '', dead > 0 ? aside : ''].filter((part) => part !== '').join(' and ');
  const behind =
    blockedBehind === 0
      ? ''
      : ` ${formatCountOf(blockedBehind, 'event')} ${blockedBehind === 1 ? 'waits' : 'wait'} behind.`;
  return [{ state: 'needs-attention', text: `${brief}.${behind}`, reassurance: 'Everything else flows.', brief }];
}

/** Channels whose messages differ from what their profile learned: nothing is refused for it. */
function driftFindings({ channels }: VerdictParts): Finding[] {
  const drifted = channels.filter(({ drift }) => drift.length > 0);
  const [first] = drifted;
  if (first === undefined) return [];
  const names = listed(drifted.map(({ id }) => id));
  const what = drifted.length === 1 ? `: ${driftSummary(first.drift)}` : '';
  return [
    {
      state: 'needs-attention',
      text: `Messages on ${names} differ from the learned profile${what}. Ask the sender, or learn the profile anew.`,
      reassurance: 'Everything flows.',
      brief: `messages on ${names} differ from the learned profile`,
    },
  ];
}

/** Nothing is lost by it: listeners read less. A person looks for who sends what. */
function memoryFindings({ memory }: VerdictParts): Finding[] {
  if (!memory.isShort) return [];
  const held = formatBytes(memory.heapBytes + memory.externalBytes);
  return [
    {
      state: 'needs-attention',
      text: `Memory is short (${held} held). Look for very large messages or very many senders.`,
      reassurance: 'Everything flows.',
      brief: `memory is short (${held} held)`,
    },
  ];
}

/** Channels that received before and fell silent; one that never received anything is no finding. */
function silenceFindings({ channels, nowMs }: VerdictParts): Finding[] {
  return channels
    .filter(({ state, lastMessageAtMs }) => state === 'silent' && lastMessageAtMs !== null)
    .map((channel) => silenceFinding(channel, nowMs));
}

function silenceFinding({ id, lastMessageAtMs }: ChannelStatus, nowMs: number): Finding {
  const what = `received on ${id} for ${formatAge(nowMs - (lastMessageAtMs ?? nowMs))}`;
  return {
    state: 'silent',
    text: `Nothing ${what}. Check the sender.`,
    reassurance: 'Everything else flows.',
    brief: `nothing ${what}`,
  };
}

/** Names written out in a sentence; more are only counted. */
const NAMES_MAX = 4;

function listed(names: readonly string[]): string {
  const rest = names.length - NAMES_MAX;
  return rest <= 0 ? names.join(', ') : `${names.slice(0, NAMES_MAX).join(', ')} and ${formatCount(rest)} more`;
}

function waitingIn(destinations: readonly DestinationStatus[]): Omit<Waiting, 'nowMs'> {
  const ages = destinations.flatMap(({ oldestWaitingAtMs }) => (oldestWaitingAtMs === null ? [] : [oldestWaitingAtMs]));
  return {
    waiting: destinations.reduce((sum, { waiting }) => sum + waiting, 0),
    waitingAgain: destinations.reduce((sum, { waitingAgain }) => sum + waitingAgain, 0),
    oldestWaitingAtMs: ages.length === 0 ? null : Math.min(...ages),
  };
}
