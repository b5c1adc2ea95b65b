import { z } from 'zod';
import type { Operations } from './operations.ts';
import { type ApiRoute, route } from './route.ts';

/** The state of the store itself. Control socket only. */
export const storeRoutes = (operations: Operations): readonly ApiRoute[] => [
  route({
    method: 'POST',
    path: '/v1/verification',
    summary: 'Begins a check of every record of the store, or joins the one that runs.',
    input: z.strictObject({}),
    handle: async () => operations.verify(),
  }),
  route({
    method: 'GET',
    path: '/v1/verification',
    summary: 'How the check of the store stands, and what it found.',
    input: z.strictObject({}),
    handle: async () => operations.verification(),
  }),
];
