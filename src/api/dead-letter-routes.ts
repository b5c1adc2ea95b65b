import { z } from 'zod';
import type { Operations } from './operations.ts';
import { type ApiRoute, byInput, idInput, pageInput, present, route } from './route.ts';

/** Entries that were set aside, and sending again. Control socket only. */
export const deadLetterRoutes = (operations: Operations): readonly ApiRoute[] => [
  route({
    method: 'GET',
    path: '/v1/dead-letters',
    summary: 'Entries that are not tried again by themselves, one page at a time.',
    input: z.strictObject({ ...pageInput, destination: idInput.optional() }),
    handle: ({ destination, ...page }) => operations.listDeadLetters(present({ ...page, destinationId: destination })),
  }),
  route({
    method: 'POST',
    path: '/v1/dead-letters/:entryId/replay',
    summary: 'Sends one dead letter again, ahead of younger entries with the same ordering key.',
    input: z.strictObject({ entryId: idInput, by: byInput, openCases: z.boolean().optional() }),
    handle: ({ entryId, by, openCases }) => operations.replayDeadLetter(entryId, by, openCases),
  }),
  route({
    method: 'POST',
    path: '/v1/replay',
    summary: 'Sends the stored entries of a message range again under their first keys; `dryRun` only counts.',
    input: z.strictObject({
      destinationId: idInput,
      fromMessageId: idInput,
      toMessageId: idInput,
      dryRun: z.boolean(),
      openCases: z.boolean().optional(),
      by: byInput,
    }),
    handle: ({ by, ...request }) => operations.replay(present(request), by),
  }),
];
