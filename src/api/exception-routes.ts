import { z } from 'zod';
import { CausewayError } from '../model/errors.ts';
import type { Operations } from './operations.ts';
import { type ApiRoute, byInput, idInput, pageInput, present, route } from './route.ts';

/** The exception queue. Control socket only. */
export const exceptionRoutes = (operations: Operations): readonly ApiRoute[] => [
  route({
    method: 'GET',
    path: '/v1/exceptions',
    summary: 'Exception cases, one page at a time, by state and cause.',
    input: z.strictObject({
      ...pageInput,
      state: z.enum(['open', 'reprocessed', 'approved', 'discarded']).optional(),
      cause: z.string().min(1).max(256).optional(),
    }),
    handle: (query) => operations.listCases(present(query)),
  }),
  route({
    method: 'GET',
    path: '/v1/exceptions/:caseId',
    summary: 'One case with its message and the entries that wait with it.',
    input: z.strictObject({ caseId: idInput }),
    async handle({ caseId }) {
      const found = await operations.showCase(caseId);
      if (found === null) throw new CausewayError('NOT_FOUND', `case ${caseId}`);
      return found;
    },
  }),
  route({
    method: 'POST',
    path: '/v1/exceptions/:caseId/reprocess',
    summary: 'Runs the message through intake again, or sends the refused entry again under its first key.',
    input: z.strictObject({ caseId: idInput, by: byInput }),
    handle: ({ caseId, by }) => operations.reprocessCase(caseId, by),
  }),
  route({
    method: 'POST',
    path: '/v1/exceptions/:caseId/discard',
    summary: 'Closes the case without an event; later entries of its keys flow.',
    input: z.strictObject({ caseId: idInput, by: byInput, reason: z.string().trim().min(1).max(500) }),
    handle: ({ caseId, by, reason }) => operations.discardCase(caseId, by, reason),
  }),
];
