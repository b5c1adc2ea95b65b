/** The catalogue of listener kinds: one line per kind. */
import type { Listener, ListenerContext } from './listener.ts';
import { createMllpListener } from './mllp.ts';
import type { MllpSettings } from './mllp-settings.ts';

/** `listener:` of a channel: one member of this union per kind. */
export type ListenerSettings = MllpSettings;

const kinds = { mllp: createMllpListener } as const;

/** The listener of a channel, not yet bound: `start` binds it. */
export function createListener(settings: ListenerSettings, context: ListenerContext): Listener {
  return kinds[settings.kind](settings, context);
}
