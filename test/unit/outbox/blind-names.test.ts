import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { blindNames } from '../../../outbox/keys.ts';

const KEY = Buffer.alloc(32, 7);

const byLibrary = (scope: string, name: string): string =>
  `~${createHmac('sha256', KEY).update(`${scope}!${name}`).digest('base64url').slice(0, 22)}`;

test('a name in an encrypted store is the HMAC of what it stands for, whatever was named before', () => {
  const blind = blindNames(KEY);
  const name = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.string({ minLength: 100, maxLength: 2_000 }));
  const isSame = (scope: string, text: string): boolean => blind(scope, text) === byLibrary(scope, text);
  expect(isSame('clinical', 'MSG1')).toBe(true);
  fc.assert(fc.property(fc.string(), name, isSame));
});
