import { expect, test } from 'vitest';
import { Peers } from '../../../listeners/peer.ts';
import { perAddressSettings, type PerAddressSettings } from '../../../listeners/peer-settings.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function peersWith(limits: Partial<PerAddressSettings>) {
  const clock = new ManualClock();
  const noted = { slowed: 0, resumed: 0 };
  const settings = perAddressSettings.parse(limits);
  const peers = new Peers({ settings, clock, onSlowed: () => (noted.slowed += 1) });
  const connection = { isBusy: false, lastByteMs: 0, destroy() {}, resume: () => (noted.resumed += 1) };
  return { clock, peers, noted, connection };
}

test('without limits nothing is ever held back', () => {
  const { peers } = peersWith({});
  const peer = peers.of('10.0.0.1');
  peer.took({ frames: 1e9, bytes: 1e12 });
  expect(peer.framesNow()).toBe(Number.POSITIVE_INFINITY);
});

test('an address gets its messages per second: one second of them at once, then as they come due', () => {
  const { clock, peers, noted, connection } = peersWith({ messagesPerSecondMax: 10 });
  const peer = peers.of('10.0.0.1');
  peer.connections.add(connection);
  let taken = 0;
  const takeAll = (): void => {
    for (let frames = peer.framesNow(); frames > 0; frames = peer.framesNow()) {
      peer.took({ frames, bytes: 0 });
      taken += frames;
    }
  };
  takeAll();
  expect([taken, noted.slowed]).toEqual([10, 1]);
  for (let ms = 0; ms < 10_000; ms += 10) {
    clock.advance(10);
    takeAll();
  }
  expect(taken).toBeGreaterThanOrEqual(109);
  expect(taken).toBeLessThanOrEqual(110);
  expect(noted.resumed).toBeGreaterThan(90);
});

test('bytes above the limit are owed: the address waits until it is even, on all its connections', () => {
  const { clock, peers, noted, connection } = peersWith({ bytesPerSecondMax: 10_000 });
  const peer = peers.of('10.0.0.1');
  peer.connections.add(connection);
  peer.connections.add({ ...connection });
  peer.took({ frames: 1, bytes: 30_000 });
  expect(peer.framesNow()).toBe(0);
  expect(peers.counts()).toEqual({ addresses: 1, slowed: 1 });
  clock.advance(1_999);
  expect(noted.resumed).toBe(0);
  clock.advance(2);
  expect(noted.resumed).toBe(2);
  expect(peer.framesNow()).toBeGreaterThan(0);
  expect(peers.counts()).toEqual({ addresses: 1, slowed: 0 });
});

test('connecting anew gives no new second, and who owes nothing is forgotten', () => {
  const { clock, peers, connection } = peersWith({ messagesPerSecondMax: 2 });
  const first = peers.of('10.0.0.1');
  first.connections.add(connection);
  first.took({ frames: 2, bytes: 0 });
  first.connections.delete(connection);
  peers.sweep(clock.monotonicMs());
  expect(peers.of('10.0.0.1').framesNow()).toBe(0);
  clock.advance(1_001);
  peers.sweep(clock.monotonicMs());
  expect(peers.of('10.0.0.1')).not.toBe(first);
});

test('addresses that come and go are remembered up to a bound', () => {
  const { clock, peers } = peersWith({ messagesPerSecondMax: 1 });
  const addresses = Array.from({ length: 5_000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  for (const address of addresses) peers.of(address).took({ frames: 1, bytes: 0 });
  peers.sweep(clock.monotonicMs());
  const fresh = addresses.filter((address) => peers.of(address).framesNow() > 0);
  expect(fresh).toHaveLength(5_000 - 4_096);
});
