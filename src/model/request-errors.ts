/** What a person or program asked for and does not get. */
import type { ErrorSpec } from './error-spec.ts';

/** Part of the catalogue `ERROR_SPECS`. */
export const REQUEST_ERROR_SPECS = {
  NOT_RUNNING: {
    text: 'No running appliance answers on the control socket of this store.',
    retry: 'transient',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'Start it (`systemctl start causeway` or `causeway run --config FILE`), or give the right --config.',
  },
  DESTINATION_REMOVED: {
    text: 'A case has a place at a destination that is not in the configuration any more.',
    retry: 'permanent',
    ack: null,
    httpStatus: 409,
    level: 'info',
    hint: 'Put the destination back into the configuration and reprocess the case, or discard the case.',
  },
  NOT_FOUND: {
    text: 'Nothing with this id exists.',
    retry: 'permanent',
    ack: null,
    httpStatus: 404,
    level: 'info',
    hint: 'Ids stand in `causeway status` (destinations), `messages find`, `exceptions list` and `dead-letters list`.',
  },
  WRONG_STATE: {
    text: 'Its present state does not allow this.',
    retry: 'permanent',
    ack: null,
    httpStatus: 409,
    level: 'info',
    hint: 'Somebody else may have acted on it: see `exceptions show`, `dead-letters list`, `messages show`.',
  },
  REPLAY_NOT_RECOGNISED: {
    text: 'The destination would not recognise what it already has: nothing was sent again.',
    retry: 'permanent',
    ack: null,
    httpStatus: 409,
    level: 'info',
    hint: 'Set repetition.by: event-id where it knows event ids, or repetition.lookUp. To hold each: --open-cases.',
  },
  REQUEST_INVALID: {
    text: 'The request does not fit the route.',
    retry: 'permanent',
    ack: null,
    httpStatus: 400,
    level: 'info',
    hint: 'Correct the members named in `detail`.',
  },
  REQUEST_REFUSED: {
    text: 'The request names a host or origin under which this server is not reachable.',
    retry: 'permanent',
    ack: null,
    httpStatus: 403,
    level: 'info',
    hint: 'Open the page under the address that the appliance printed at its start.',
  },
  INTERNAL: {
    text: 'The request met a fault of the product.',
    retry: 'permanent',
    ack: null,
    httpStatus: 500,
    level: 'error',
    hint: 'Look at the log of the appliance for this moment and report it.',
  },
} as const satisfies Record<string, ErrorSpec>;
