/** A file that this user may not use is told as such: "it is gone, remove all of it" costs a store. */
import { expect, test } from 'vitest';
import { accessDenied, assertStoreAccess } from '../../../src/platform/file-access.ts';

const failure = (code: string): Error =>
  Object.assign(new Error(`${code}: something`), { code, syscall: 'open', path: '/' });

test.each(['EACCES', 'EPERM'])('%s names the file, who this is and whose it is', (code) => {
  const denied = accessDenied(failure(code));
  expect(denied?.code).toBe('ACCESS_DENIED');
  expect(denied?.detail).toMatch(/^open \/ \(E[A-Z]+\); this is uid \d+, and \/ belongs to uid \d+\.$/);
});

test('every other failure is not taken for one of permissions', () => {
  for (const error of [failure('ENOENT'), failure('EROFS'), new Error('a bug'), 'text'])
    expect(accessDenied(error)).toBeNull();
});

test('a store that is not there is for the caller to find', () => {
  expect(() => assertStoreAccess('/nowhere/store', '/nowhere/store/db')).not.toThrow();
});
