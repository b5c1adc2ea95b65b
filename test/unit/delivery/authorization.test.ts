import { expect, test } from 'vitest';
import { authorizedSender, staticCredential } from '../../../src/delivery/authorization.ts';
import { clientCredentials } from '../../../src/delivery/client-credentials.ts';
import type { Sender } from '../../../src/delivery/sender.ts';
import type { InboundResponse, OutboundRequest, Refused } from '../../../src/destinations/destination.ts';
import { CausewayError } from '../../../src/model/errors.ts';
import { json, lostAnswer } from '../../support/lane-fixture.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const never = new AbortController().signal;
const request: OutboundRequest = {
  url: 'https://erp.example/events',
  headers: { 'Idempotency-Key': 'k1' },
  body: Buffer.from('{"id":"e1"}'),
};

type Reply = InboundResponse | Refused;

function scripted(script: (request: OutboundRequest) => Reply | Promise<Reply>) {
  const seen: OutboundRequest[] = [];
  const sender: Sender = {
    send: async (given) => {
      seen.push(given);
      return script(given);
    },
    close() {},
  };
  return { seen, sender };
}

function tokenFixture(options: { life?: number; valid?: (token: string) => boolean } = {}) {
  const clock = new ManualClock();
  let given = 0;
  let away = false;
  const tokens = scripted(() => {
    if (away) return lostAnswer;
    given += 1;
    return json(200, { access_token: `t${given}`, token_type: 'Bearer', expires_in: options.life ?? 100 });
  });
  const erp = scripted(({ headers }) =>
    json((options.valid ?? (() => true))(headers.authorization ?? '') ? 200 : 401, { status: 'ok' }),
  );
  const credential = clientCredentials({
    settings: {
      tokenUrl: 'https://login.example/token',
      clientId: 'cause way',
      clientSecret: { file: '/s' },
      scope: 'ledger.write',
      secretIn: 'header',
    },
    sender: tokens.sender,
    readSecret: () => 's3:cret',
    clock,
  });
  const sender = authorizedSender(erp.sender, credential);
  const setAway = (is: boolean): void => {
    away = is;
  };
  return { clock, tokens: tokens.seen, erp: erp.seen, sender, setAway };
}

const status = (reply: Reply) => ('outcome' in reply ? `${reply.class}: ${reply.reason}` : reply.status);
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('fifty deliveries that need a token ask for it once', async () => {
  const { sender, tokens, erp } = tokenFixture();
  const replies = await Promise.all(Array.from({ length: 50 }, () => sender.send(request, never)));
  expect(new Set(replies.map(status))).toEqual(new Set([200]));
  expect(tokens.length).toBe(1);
  expect(new Set(erp.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer t1']));
  expect(tokens[0]?.body.toString()).toBe('grant_type=client_credentials&scope=ledger.write');
  const basic = Buffer.from('cause+way:s3%3Acret').toString('base64');
  expect(tokens[0]?.headers.authorization).toBe(`Basic ${basic}`);
});

test('a token is renewed at 80 % of its life, beside the traffic, whatever the wall clock does', async () => {
  const { clock, sender, tokens, erp } = tokenFixture({ life: 100 });
  await sender.send(request, never);
  clock.jump(366 * 86_400_000);
  clock.advance(79_000);
  await sender.send(request, never);
  expect(tokens.length).toBe(1);
  clock.jump(-2 * 366 * 86_400_000);
  clock.advance(2_000);
  await Promise.all([sender.send(request, never), sender.send(request, never)]);
  await settled();
  await sender.send(request, never);
  expect(tokens.length).toBe(2);
  expect(erp.map(({ headers }) => headers.authorization)).toEqual([
    ...Array.from({ length: 4 }, () => 'Bearer t1'),
    'Bearer t2',
  ]);
});

test('401 renews the token once for all, and the same request goes again under the same key', async () => {
  const { sender, tokens, erp } = tokenFixture({ valid: (token) => token !== 'Bearer t1' });
  const replies = await Promise.all(Array.from({ length: 20 }, () => sender.send(request, never)));
  expect(new Set(replies.map(status))).toEqual(new Set([200]));
  expect(tokens.length).toBe(2);
  for (const { headers, body } of erp) expect([headers['Idempotency-Key'], body]).toEqual(['k1', request.body]);
});

test('a destination that refuses every token is an answer 401 after one renewal, not a loop', async () => {
  const { sender, tokens, erp } = tokenFixture({ valid: () => false });
  expect(status(await sender.send(request, never))).toBe(401);
  expect([tokens.length, erp.length]).toEqual([2, 2]);
});

test('a token address that is away: the old token serves to its end, then events wait', async () => {
  const { clock, sender, tokens, erp, setAway } = tokenFixture({ life: 100 });
  await sender.send(request, never);
  setAway(true);
  clock.advance(85_000);
  for (let number = 0; number < 20; number += 1) expect(status(await sender.send(request, never))).toBe(200);
  await settled();
  expect(tokens.length).toBe(2);
  clock.advance(20_000);
  const reply = await sender.send(request, never);
  expect(reply).toMatchObject({ outcome: 'refused', class: 'transport', retry: 'transient', destinationWide: true });
  expect(erp.length).toBe(21);
  setAway(false);
  expect(status(await sender.send(request, never))).toBe(200);
});

test.each([
  [json(401, { error: 'invalid_client', error_description: 'ZZCANARY' }), 'auth: token address: status 401'],
  [json(200, { token_type: 'Bearer' }), 'transport: token address: no token in the answer'],
  [json(200, { access_token: 'a\r\nx-evil: 1' }), 'transport: token address: no token in the answer'],
  [{ ...json(200, {}), body: Buffer.from('<html>') }, 'transport: token address: no readable JSON'],
])('what a token address says wrong is a refusal without its words', async (answer, expected) => {
  const credential = clientCredentials({
    settings: {
      tokenUrl: 'https://login.example/token',
      clientId: 'c',
      clientSecret: { file: '/s' },
      secretIn: 'body',
    },
    sender: scripted(() => answer).sender,
    readSecret: () => 's3cret',
    clock: new ManualClock(),
  });
  const reply = await credential.current(never);
  expect(typeof reply === 'string' ? reply : status(reply)).toBe(expected);
});

test('a secret file that is changed in its place is read again when the old one is refused', async () => {
  let secret = 'old';
  const erp = scripted(({ headers }) => json(headers.authorization === 'Bearer new' ? 200 : 401, {}));
  const sender = authorizedSender(
    erp.sender,
    staticCredential('Bearer', () => secret),
  );
  expect(status(await sender.send(request, never))).toBe(401);
  expect(erp.seen.length).toBe(1);
  secret = 'new';
  expect(status(await sender.send(request, never))).toBe(200);
  expect(status(await sender.send(request, never))).toBe(200);
  expect(erp.seen.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer old',
    'Bearer old',
    'Bearer new',
    'Bearer new',
  ]);
});

test('a secret file that cannot be read at that moment leaves the answer as it is', async () => {
  let reads = 0;
  const erp = scripted(() => json(401, {}));
  const credential = staticCredential('Bearer', () => {
    reads += 1;
    if (reads > 1) throw new CausewayError('SECRET_UNREADABLE', 'gone');
    return 'old';
  });
  expect(status(await authorizedSender(erp.sender, credential).send(request, never))).toBe(401);
});
