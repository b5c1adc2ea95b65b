/** A run whose store failed once writes nothing more: else its cursor passes over entries that were never sent. */
import { expect, test } from 'vitest';
import { type Commits, untilFailure } from '../../../src/delivery/commits.ts';
import { CausewayError } from '../../../src/model/errors.ts';
import { WriteBatch } from '../../../src/platform/database.ts';

test('after a commit that failed a run commits nothing, although the store is open again', async () => {
  let isOpen = true;
  const written: WriteBatch[] = [];
  const store: Commits = {
    state: 'open',
    async commit(batch) {
      if (!isOpen) throw new CausewayError('STORE_FAILED', 'EIO');
      written.push(batch);
    },
  };
  const commits = untilFailure(store);
  const [before, during, after] = [new WriteBatch(), new WriteBatch(), new WriteBatch()];
  await commits.commit(before, 'written');
  isOpen = false;
  await expect(commits.commit(during, 'written')).rejects.toThrow('STORE_FAILED');
  isOpen = true;
  await expect(commits.commit(after, 'written')).rejects.toThrow('STORE_FAILED');
  expect(written).toEqual([before]);
});
