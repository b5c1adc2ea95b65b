/** The people of a simulation. */
import type { Act } from './plan.ts';
import type { Life } from './appliance.ts';

const PAGE = { limit: 1_000 };

/** One act on the oldest thing that it fits. */
export async function operate(
  { operations }: Life,
  does: Extract<Act, { kind: 'operator' }>['does'],
  replayed: Set<string>,
): Promise<void> {
  const [openCase] = (await operations.listCases({ ...PAGE, state: 'open' })).rows;
  const [dead] = (await operations.listDeadLetters(PAGE)).rows;
  if (does === 'reprocess' && openCase !== undefined) await reprocess(operations, openCase.caseId, replayed);
  if (does === 'discard' && openCase !== undefined) {
    for (const { eventId } of (await operations.showCase(openCase.caseId))?.entries ?? []) replayed.add(eventId);
    await operations.discardCase(openCase.caseId, 'ida', 'unwanted');
  }
  if (does === 'replay-dead' && dead !== undefined) {
    replayed.add(dead.eventId);
    await operations.replayDeadLetter(dead.entryId, 'ida');
  }
  if (does === 'replay-range') await replayAll(operations, replayed);
}

async function reprocess(operations: Life['operations'], caseId: string, replayed: Set<string>): Promise<void> {
  for (const { eventId } of (await operations.showCase(caseId))?.entries ?? []) replayed.add(eventId);
  await operations.reprocessCase(caseId, 'ida');
}

async function replayAll(operations: Life['operations'], replayed: Set<string>): Promise<void> {
  const { rows } = await operations.listMessages(PAGE);
  for (const { messageId } of rows) {
    const shown = await operations.showMessage(messageId);
    for (const { eventId } of shown?.entries ?? []) replayed.add(eventId);
  }
  const range = { fromMessageId: rows[0]?.messageId ?? 'm1', toMessageId: rows.at(-1)?.messageId ?? 'm1' };
  await operations.replay({ ...range, destinationId: 'erp', dryRun: false }, 'ida');
}

/** Closes every case – by the cure, else without event – and sends every dead letter again. */
export async function settleCases({ operations }: Life, replayed: Set<string>): Promise<void> {
  for (const { caseId } of (await operations.listCases({ ...PAGE, state: 'open' })).rows) {
    try {
      await reprocess(operations, caseId, replayed);
    } catch {
      await operations.discardCase(caseId, 'ida', 'cannot be cured');
    }
  }
  for (const { entryId, eventId } of (await operations.listDeadLetters(PAGE)).rows) {
    replayed.add(eventId);
    await operations.replayDeadLetter(entryId, 'ida');
  }
}
