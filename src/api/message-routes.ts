import { z } from 'zod';
import { CausewayError } from '../model/errors.ts';
import type { MessageTree, Operations } from './operations.ts';
import { type ApiRoute, byInput, idInput, pageInput, present, route } from './route.ts';

/** Stored messages and entries; content only where it is asked for by name. Control socket only. */
export const messageRoutes = (operations: Operations): readonly ApiRoute[] => [
  route({
    method: 'GET',
    path: '/v1/messages',
    summary: 'Stored messages in receive order, one page at a time; only of `channel`, only with MSH-10 `controlId`.',
    input: z.strictObject({
      ...pageInput,
      controlId: z.string().min(1).max(256).optional(),
      channel: idInput.optional(),
    }),
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
  route({
    method: 'POST',
    path: '/v1/messages/:messageId/frame',
    summary: 'The frame of a message as received, base64. Holds patient data: who asks is written to the log.',
    input: z.strictObject({ messageId: idInput, by: byInput }),
    async handle({ messageId, by }) {
      const found = await operations.frameOf(messageId, by);
      if (found === null) throw new CausewayError('NOT_FOUND', `message ${messageId}`);
      return found;
    },
  }),
  route({
    method: 'GET',
    path: '/v1/messages/:messageId/tree',
    summary: 'A message as a tree of segments, fields and components with names; patient data is hidden.',
    input: z.strictObject({ messageId: idInput }),
    handle: ({ messageId }) => treeOrNothing(operations, messageId, null),
  }),
  route({
    method: 'POST',
    path: '/v1/messages/:messageId/tree',
    summary: 'The same with patient data: who asks is written to the log.',
    input: z.strictObject({ messageId: idInput, by: byInput }),
    handle: ({ messageId, by }) => treeOrNothing(operations, messageId, by),
  }),
  route({
    method: 'GET',
    path: '/v1/entries/:entryId',
    summary: 'One entry of the outbox: state, attempts, receipt, and the message that it came from.',
    input: z.strictObject({ entryId: idInput }),
    async handle({ entryId }) {
      const found = await operations.showEntry(entryId);
      if (found === null) throw new CausewayError('NOT_FOUND', `entry ${entryId}`);
      return found;
    },
  }),
];

async function treeOrNothing(operations: Operations, messageId: string, by: string | null): Promise<MessageTree> {
  const found = await operations.treeOf(messageId, by);
  if (found === null) throw new CausewayError('NOT_FOUND', `message ${messageId}`);
  return found;
}
