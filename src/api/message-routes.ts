import { z } from 'zod';
import { CausewayError } from '../model/errors.ts';
import type { Operations } from './operations.ts';
import { type ApiRoute, idInput, pageInput, present, route } from './route.ts';

/** Stored messages without their content. Control socket only. */
export const messageRoutes = (operations: Operations): readonly ApiRoute[] => [
  route({
    method: 'GET',
    path: '/v1/messages',
    summary: 'Stored messages in receive order, one page at a time; with `controlId` only those with that MSH-10.',
    input: z.strictObject({ ...pageInput, controlId: z.string().min(1).max(256).optional() }),
    handle: (query) => operations.listMessages(present(query)),
  }),
  route({
    method: 'GET',
    path: '/v1/messages/:messageId',
    summary: 'One message with the entries that came from it.',
    input: z.strictObject({ messageId: idInput }),
    async handle({ messageId }) {
      const found = await operations.showMessage(messageId);
      if (found === null) throw new CausewayError('NOT_FOUND', `message ${messageId}`);
      return found;
    },
  }),
];
