/**
 * Puts the `Authorization` header on every request to a destination and renews what was refused: on a 401 the
 * credential is renewed once and the same request, with the same key, is sent again within the call. A second 401 is
 * the verdict.
 *
 * Values are never logged, never part of a reason, and never sent anywhere but in that header.
 */
import type { OutboundRequest, Refused } from '../destinations/destination.ts';
import { CausewayError } from '../model/errors.ts';
import type { Sender } from './sender.ts';

/** Where the value of the header comes from. Never rejects: what keeps a value away is a refusal of the request. */
export interface Credential {
  /** The value for the next request. */
  current(signal: AbortSignal): Promise<string | Refused>;
  /** `refused` was answered with 401: another value, or null when there is none. */
  renewed(refused: string, signal: AbortSignal): Promise<string | null | Refused>;
  close(): void;
}

/** A sender whose requests carry a credential. */
export function authorizedSender(sender: Sender, credential: Credential): Sender {
  const withValue = (request: OutboundRequest, authorization: string): OutboundRequest => ({
    ...request,
    headers: { ...request.headers, authorization },
  });
  return {
    async send(request, signal) {
      const value = await credential.current(signal);
      if (typeof value !== 'string') return value;
      const answer = await sender.send(withValue(request, value), signal);
      if ('outcome' in answer || answer.status !== 401 || signal.aborted) return answer;
      const other = await credential.renewed(value, signal);
      if (other === null) return answer;
      return typeof other === 'string' ? sender.send(withValue(request, other), signal) : other;
    },
    close() {
      credential.close();
      sender.close();
    },
  };
}

/** A secret that somebody else renews in its place: read once, and again when it is refused. */
export function staticCredential(scheme: string, read: () => string): Credential {
  let value = `${scheme} ${read()}`;
  return {
    current: () => Promise.resolve(value),
    async renewed(refused) {
      if (value !== refused) return value;
      try {
        value = `${scheme} ${read()}`;
      } catch (error) {
        if (!(error instanceof CausewayError)) throw error;
        return null;
      }
      return value === refused ? null : value;
    },
    close() {},
  };
}
