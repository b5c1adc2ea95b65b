import { z } from 'zod';
import type { Operations } from './operations.ts';
import { type ApiRoute, route } from './route.ts';

/** The picture of the facility; on both ports, since it holds counts, ages and states only. */
export const statusRoutes = (operations: Pick<Operations, 'status'>): readonly ApiRoute[] => [
  route({
    method: 'GET',
    path: '/v1/status',
    summary: 'One picture of the facility: verdict, store, channels, destinations.',
    input: z.looseObject({}),
    handle: () => operations.status(),
  }),
];
