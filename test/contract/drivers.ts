/** One driver per listener kind: how a sender of that kind speaks. A kind without driver does not compile. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeFrame, FrameDecoder } from '../../src/hl7/framing.ts';
import { type MllpSettings, mllpSettings } from '../../listeners/mllp-settings.ts';
import type { ListenerSettings } from '../../listeners/index.ts';
import { type Pair, TestCa } from '../support/certificates.ts';

export interface SenderConnection {
  /** The transport form of a payload. */
  encode(payload: string): Buffer;
  write(bytes: Buffer): void;
  /** Reads nothing any more. */
  pause(): void;
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

/** A driver for each kind, and for each way in which the kind can be secured. */
type DriverName = ListenerSettings['kind'] | 'mllp over mutual TLS';

export const drivers: Record<DriverName, Driver> = {
  mllp: {
    settings: (overrides = {}) => ({ ...mllpSettings.parse({ kind: 'mllp', port: 0 }), ...overrides }),
    async connect(address) {
      const [host = '', port = ''] = address.split(':');
      const socket = connect({ host, port: Number(port), noDelay: true });
      await opened(socket, 'connect');
      return connectionOver(socket);
    },
  },
  'mllp over mutual TLS': {
    settings: (overrides = {}) => ({
      ...mllpSettings.parse({ kind: 'mllp', port: 0, tls: tlsFiles().settings }),
      ...overrides,
    }),
    async connect(address) {
      const [host = '', port = ''] = address.split(':');
      const { ca, sender } = tlsFiles();
      const proof = { ca, cert: sender.certificate, key: sender.key, servername: 'localhost' };
      const socket = connectTls({ host, port: Number(port), ...proof });
      await opened(socket, 'secureConnect');
      return connectionOver(socket);
    },
  },
};

interface DriverTls {
  readonly ca: string;
  readonly sender: Pair;
  readonly settings: {
    readonly certificateFile: string;
    readonly key: { file: string };
    readonly clientCaFile: string;
  };
}

let made: DriverTls | null = null;

/** Made once for all tests of a file; the system removes what is left in its folder for temporary files. */
function tlsFiles(): DriverTls {
  if (made !== null) return made;
  const ca = new TestCa();
  const folder = mkdtempSync(join(tmpdir(), 'causeway-driver-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const own = ca.issue();
  made = {
    ca: ca.certificate,
    sender: ca.issue({ names: ['sender.example'] }),
    settings: {
      certificateFile: put('own.pem', own.certificate),
      key: { file: put('own-key.pem', own.key) },
      clientCaFile: put('ca.pem', ca.certificate),
    },
  };
  return made;
}

async function opened(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once('error', reject);
  });
}

function connectionOver(socket: Socket): SenderConnection {
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
    pause: () => void socket.pause(),
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
