/**
 * OAuth 2.0 client credentials (RFC 6749 §4.4) over the Sender port.
 *
 * A token is asked for when one is needed, by one request at a time however many deliveries wait for it, and renewed
 * from 80 % of its life on while the old one still serves. Life is measured by the monotonic clock. A token address
 * that does not answer is an outage like that of the destination: events wait.
 */
import type { InboundResponse, OutboundRequest, Refused } from '../destinations/destination.ts';
import type { ClientCredentialsSettings } from '../destinations/authorization-settings.ts';
import type { Clock } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import type { Credential } from './authorization.ts';
import type { Sender } from './sender.ts';

/** Part of a token's life after which it is renewed. */
const RENEW_AT = 0.8;
/** A renewal that failed while the old token still serves is not tried again sooner, in ms. */
const PAUSE_MS = 5_000;
/** Life of a token that names none, and the longest life believed, in seconds. */
const LIFE_SECONDS = 3_600;
const LIFE_SECONDS_MAX = 86_400;

/** What the renewal of tokens works with. */
export interface ClientCredentialsParts {
  readonly settings: ClientCredentialsSettings;
  /** Sends to the token address; closed with the credential. */
  readonly sender: Sender;
  /** Reads the client secret. @throws CausewayError `SECRET_UNREADABLE` */
  readonly readSecret: () => string;
  readonly clock: Clock;
}

interface Token {
  readonly value: string;
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

/** The credential of a destination that wants tokens. */
export function clientCredentials({ settings, sender, readSecret, clock }: ClientCredentialsParts): Credential {
  const closing = new AbortController();
  let token: Token | null = null;
  let asking: Promise<Token | Refused> | null = null;
  let pauseEndsMs = 0;

  const ask = (): Promise<Token | Refused> => {
    asking ??= askOnce().finally(() => {
      asking = null;
    });
    return asking;
  };
  const askOnce = async (): Promise<Token | Refused> => {
    // The life of a token begins before the answer that names it.
    const askedAtMs = clock.monotonicMs();
    const answer = await requestToken();
    if (!('value' in answer)) {
      pauseEndsMs = clock.monotonicMs() + PAUSE_MS;
      return answer;
    }
    const lifeMs = answer.lifeSeconds * 1_000;
    token = { value: answer.value, renewAtMs: askedAtMs + lifeMs * RENEW_AT, endsAtMs: askedAtMs + lifeMs };
    return token;
  };
  const requestToken = async (): Promise<GivenToken | Refused> => {
    try {
      const request = tokenRequest(settings, readSecret());
      const answer = await sender.send(request, closing.signal);
      return 'outcome' in answer ? away(answer.reason) : readToken(answer);
    } catch (error) {
      if (!(error instanceof CausewayError)) throw error;
      return refusal('auth', `client secret: ${error.code}`);
    }
  };
  /** The asking is shared: who is cut off leaves it to the others. */
  const unlessCut = async (pending: Promise<Token | Refused>, signal: AbortSignal): Promise<string | Refused> => {
    const cut = Promise.withResolvers<Refused>();
    const stop = (): void => cut.resolve(away('stopped'));
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const given = await Promise.race([pending, cut.promise]);
    signal.removeEventListener('abort', stop);
    return 'value' in given ? given.value : given;
  };

  return {
    async current(signal) {
      const nowMs = clock.monotonicMs();
      if (token === null || nowMs >= token.endsAtMs) return unlessCut(ask(), signal);
      if (nowMs >= token.renewAtMs && nowMs >= pauseEndsMs) void ask();
      return token.value;
    },
    async renewed(refused, signal) {
      // Several requests are refused together: the first one renews for all.
      if (token !== null && token.value !== refused) return token.value;
      token = null;
      return unlessCut(ask(), signal);
    },
    close() {
      closing.abort();
      sender.close();
    },
  };
}

function tokenRequest(settings: ClientCredentialsSettings, secret: string): OutboundRequest {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (settings.scope !== undefined) form.set('scope', settings.scope);
  const headers: Record<string, string> = {
    accept: 'application/json',
    'content-type': 'application/x-www-form-urlencoded',
  };
  if (settings.secretIn === 'body') {
    form.set('client_id', settings.clientId);
    form.set('client_secret', secret);
  } else {
    const pair = `${formText(settings.clientId)}:${formText(secret)}`;
    headers.authorization = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  }
  return { url: settings.tokenUrl, headers, body: Buffer.from(form.toString(), 'utf8') };
}

/** RFC 6749 §2.3.1: id and secret are form-encoded before they are joined. */
const formText = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1);

interface GivenToken {
  readonly value: string;
  readonly lifeSeconds: number;
}

/** RFC 6749 §5.1. A token that could not stand in a header is none. */
function readToken({ status, body }: InboundResponse): GivenToken | Refused {
  if (status === 400 || status === 401 || status === 403) return refusal('auth', `token address: status ${status}`);
  if (status !== 200) return away(`status ${status}`);
  let fields: ReadonlyMap<string, unknown>;
  try {
    fields = new Map(Object.entries(JSON.parse(body.toString('utf8')) as object));
  } catch {
    return away('no readable JSON');
  }
  const value = fields.get('access_token');
  if (typeof value !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(value)) return away('no token in the answer');
  const seconds = Number(fields.get('expires_in') ?? LIFE_SECONDS);
  const lifeSeconds = seconds > 0 ? Math.min(seconds, LIFE_SECONDS_MAX) : LIFE_SECONDS;
  return { value: `Bearer ${value}`, lifeSeconds };
}

const refusal = (refused: 'auth' | 'transport', reason: string): Refused => ({
  outcome: 'refused',
  class: refused,
  // The event itself was not sent.
  retry: 'transient',
  destinationWide: true,
  retryAfterMs: null,
  reason,
});

const away = (reason: string): Refused => refusal('transport', `token address: ${reason}`);
