/**
 * One try of a shipment: noted on disk where that must come first, looked up where it may have arrived already, sent,
 * and its answer read.
 */
import type { Refused, Verdict } from '../destinations/destination.ts';
import type { WriteBatch } from '../platform/database.ts';
import type { DispatcherParts } from './dispatcher.ts';
import type { Shipment } from './shipment.ts';

/** How a try is cut short, and the batch that notes it on disk. */
export interface TryContext {
  readonly signal: AbortSignal;
  readonly store: () => WriteBatch;
}

/** Sends a shipment, or asks for its only entry. A failure of the store is thrown, every other is a verdict. */
export async function tryShipment(shipment: Shipment, parts: DispatcherParts, context: TryContext): Promise<Verdict> {
  const { profile, sender, database } = parts;
  if (shipment.uncertain) {
    const verdict = await lookUp(shipment, parts, context.signal);
    if (verdict !== null || context.signal.aborted) return verdict ?? NOTHING_SENT;
    shipment.uncertain = false;
    shipment.nothingOut = true;
  }
  const nothingWasOut = shipment.nothingOut;
  shipment.nothingOut = false;
  shipment.form ??= shipment.members.length > 1 ? 'batch' : profile.formOfOne;
  // Where several entries may share a request, its membership is on disk before the first try: after a crash an entry
  // that may have gone out must never go out again in other company, under another key. Where the destination would
  // not recognise a repetition, every try is noted, so that after a crash it is asked before anything goes again.
  if (profile.repetition === 'none' || (profile.eventsMax > 1 && !shipment.stored)) {
    await database.commit(context.store(), 'synced');
    if (context.signal.aborted) return NOTHING_SENT;
  }
  const entries = shipment.members.map(({ entry }) => entry);
  const answer = await sender.send(profile.request(entries, shipment.idempotencyKey, shipment.form), context.signal);
  const verdict = 'outcome' in answer ? answer : profile.verdict(answer, entries);
  if (verdict.outcome === 'refused' && verdict.retry === 'transient') shipment.nothingOut = nothingWasOut;
  return verdict;
}

const NOTHING_SENT: Refused = {
  outcome: 'refused',
  class: 'transport',
  retry: 'transient',
  destinationWide: true,
  retryAfterMs: null,
  reason: 'stopped',
};

/** The end of the only entry as the destination tells it; null when it certainly never arrived. */
async function lookUp(
  shipment: Shipment,
  { profile, sender }: DispatcherParts,
  signal: AbortSignal,
): Promise<Verdict | null> {
  const [member] = shipment.members;
  if (member === undefined || profile.lookUp === null) throw new Error('nobody can be asked for this shipment');
  const answer = await sender.send(profile.lookUp.request(member.entry), signal);
  const finding = 'outcome' in answer ? answer : profile.lookUp.finding(answer, member.entry);
  if (finding.outcome !== 'refused') return finding.outcome === 'posted' ? finding : null;
  // Asking again does no harm, whatever became of the question.
  return { ...finding, retry: 'transient', reason: `look-up: ${finding.reason}` };
}
