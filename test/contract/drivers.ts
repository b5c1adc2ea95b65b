/** One driver per listener kind: how a sender of that kind speaks. A kind without driver does not compile. */
import { connect, type Socket } from 'node:net';
import { encodeFrame, FrameDecoder } from '../../src/hl7/framing.ts';
import { type MllpSettings, mllpSettings } from '../../listeners/mllp-settings.ts';
import type { ListenerSettings } from '../../listeners/index.ts';

export interface SenderConnection {
  /** The transport form of a payload. */
  encode(payload: string): Buffer;
  write(bytes: Buffer): void;
  /** The next `count` replies, in the order in which they came. */
  replies(count: number): Promise<string[]>;
  /** Resolves when the other side closed. */
  closed: Promise<void>;
  end(): void;
  destroy(): void;
}

export interface Driver {
  settings(overrides?: Partial<MllpSettings>): ListenerSettings;
  connect(address: string): Promise<SenderConnection>;
}

export const drivers: Record<ListenerSettings['kind'], Driver> = {
  mllp: {
    settings: (overrides = {}) => ({ ...mllpSettings.parse({ kind: 'mllp', port: 0 }), ...overrides }),
    connect: connectMllp,
  },
};

async function connectMllp(address: string): Promise<SenderConnection> {
  const [host = '', port = ''] = address.split(':');
  const socket: Socket = connect({ host, port: Number(port), noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('error', reject);
  });
  const decoder = new FrameDecoder({ frameBytesMax: 1_000_000, missingFinalCr: 'refuse' });
  const received: string[] = [];
  let wake = (): void => {};
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    for (const frame of decoder.push(chunk)) received.push(frame.toString('latin1'));
    wake();
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      wake();
      resolve();
    });
  });
  return {
    encode: (payload) => encodeFrame(Buffer.from(payload, 'latin1')),
    write: (bytes) => void socket.write(bytes),
    async replies(count) {
      while (received.length < count && !socket.destroyed) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return received.splice(0, count);
    },
    closed,
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}
