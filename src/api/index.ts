import { deadLetterRoutes } from './dead-letter-routes.ts';
import { exceptionRoutes } from './exception-routes.ts';
import { messageRoutes } from './message-routes.ts';
import type { Operations } from './operations.ts';
import type { ApiRoute } from './route.ts';
import { storeRoutes } from './store-routes.ts';
import { statusRoutes } from './status-routes.ts';

/** The catalogue: what the status port answers beside its page. */
export const statusPortRoutes = (operations: Operations): readonly ApiRoute[] => statusRoutes(operations);

/** The catalogue: everything that the CLI may ask, on the control socket. */
export const controlRoutes = (operations: Operations): readonly ApiRoute[] => [
  ...statusRoutes(operations),
  ...messageRoutes(operations),
  ...exceptionRoutes(operations),
  ...deadLetterRoutes(operations),
  ...storeRoutes(operations),
];
