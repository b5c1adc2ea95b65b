import { expect, test } from 'vitest';
import { oldestWaiting } from '../../../src/appliance/status-reader.ts';
import { CausewayError } from '../../../src/model/errors.ts';

test('status goes on telling when the store fails while the oldest waiting event is being read', async () => {
  const failing = (code: 'STORE_FAILED' | 'STORE_DAMAGED'): never =>
    ({ firstShipment: () => Promise.reject(new CausewayError(code, '')) }) as never;
  expect(await oldestWaiting({ lane: failing('STORE_FAILED') }, 1)).toBeNull();
  expect(await oldestWaiting({ lane: failing('STORE_DAMAGED') }, 1)).toBeNull();
  const wrong = { firstShipment: () => Promise.reject(new TypeError('a bug')) } as never;
  await expect(oldestWaiting({ lane: wrong }, 1)).rejects.toThrow('a bug');
});
