/**
 * Many senders that pipeline, in original and enhanced mode, whose connections break now and then: is every reply the
 * next one that is owed on its connection, and is a repeated message told the same?
 */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeFrame, FrameDecoder } from '../../src/hl7/framing.ts';
import { charge } from './messages.ts';
import { ackOf } from './mllp-client.ts';

/** How much is sent. */
export interface PipeliningPlan {
  readonly port: number;
  readonly connections: number;
  /** Messages of one connection without an answer. */
  readonly depth: number;
  readonly seconds: number;
  /** Each connection is cut by its sender about this often, in ms; 0: never. */
  readonly cutEveryMs: number;
}

/** What came back. */
export interface PipeliningResult {
  /** Distinct messages that were answered. */
  readonly messages: number;
  readonly replies: number;
  /** Sent again on a new connection, because a reply was missing when the one before was cut. */
  readonly repeated: number;
  readonly cuts: number;
  readonly perSecond: number;
  /** Anything that is not the next reply owed; the first hundred. */
  readonly faults: readonly string[];
}

/** MSH-15, MSH-16, and the replies to a message that is taken. */
const ASKS = [
  ['', '', ['AA']],
  ['AL', 'AL', ['CA', 'AA']],
  ['AL', 'NE', ['CA']],
  ['NE', 'AL', ['AA']],
  ['NE', 'NE', []],
] as const;

const FAULTS_MAX = 100;
/** Longest silence while replies are owed, in ms. */
const SILENCE_MS = 20_000;

interface Outstanding {
  readonly controlId: string;
  readonly bytes: Buffer;
  /** Codes that are still owed on this connection. */
  owed: readonly string[];
  readonly codes: readonly string[];
  /** Replies that came on an earlier connection, by code. */
  readonly told: Map<string, string>;
}

/** Sends until the time is over and everything is answered. */
export async function runPipelining(plan: PipeliningPlan): Promise<PipeliningResult> {
  const beganMs = performance.now();
  const endMs = beganMs + plan.seconds * 1_000;
  const run = `${Math.floor(beganMs % 1e6).toString(36)}`.toUpperCase();
  const senders = Array.from({ length: plan.connections }, (_, index) => new Sender(plan, `${run}.${index}`));
  await Promise.all(senders.map((sender) => sender.run(endMs)));
  const seconds = (performance.now() - beganMs) / 1_000;
  const sum = (of: (sender: Sender) => number): number => senders.reduce((total, sender) => total + of(sender), 0);
  const messages = sum((sender) => sender.messages);
  return {
    messages,
    replies: sum((sender) => sender.replies),
    repeated: sum((sender) => sender.repeated),
    cuts: sum((sender) => sender.cuts),
    perSecond: Math.round(messages / seconds),
    faults: senders.flatMap((sender) => sender.faults).slice(0, FAULTS_MAX),
  };
}

class Sender {
  readonly #plan: PipeliningPlan;
  readonly #name: string;
  /** Sent and not answered as owed, the eldest first; those that are owed nothing are not among them. */
  #outstanding: Outstanding[] = [];
  #next = 0;
  messages = 0;
  replies = 0;
  repeated = 0;
  cuts = 0;
  readonly faults: string[] = [];

  constructor(plan: PipeliningPlan, name: string) {
    this.#plan = plan;
    this.#name = name;
  }

  async run(endMs: number): Promise<void> {
    while (performance.now() < endMs || this.#outstanding.length > 0) {
      if (this.faults.length > 0) return;
      await this.#connection(endMs);
    }
  }

  /** One connection, until it is cut, everything is answered, or a reply is wrong. */
  async #connection(endMs: number): Promise<void> {
    const { port, depth, cutEveryMs } = this.#plan;
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const decoder = new FrameDecoder({ frameBytesMax: 1_000_000, missingFinalCr: 'refuse' });
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    let heardMs = performance.now();
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heardMs = performance.now();
      for (const frame of decoder.push(chunk)) this.#take(frame.toString('latin1'));
      if (this.faults.length > 0) socket.destroy();
      else this.#fill(socket, { depth, endMs });
      if (this.#outstanding.length === 0 && performance.now() >= endMs) socket.end();
    });
    await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()));
    for (const message of this.#outstanding) {
      message.owed = message.codes;
      this.repeated += 1;
      socket.write(encodeFrame(message.bytes));
    }
    this.#fill(socket, { depth, endMs });
    const cutMs = cutEveryMs === 0 ? Number.POSITIVE_INFINITY : heardMs + cutEveryMs * (0.5 + Math.random());
    while (!socket.destroyed) {
      await Promise.race([closed, sleep(20)]);
      const nowMs = performance.now();
      if (nowMs > cutMs && nowMs < endMs) {
        this.cuts += 1;
        socket.destroy();
      } else if (this.#outstanding.length === 0 && nowMs >= endMs) socket.destroy();
      else if (this.#outstanding.length > 0 && nowMs - heardMs > SILENCE_MS) {
        this.#fault(`no reply to ${this.#outstanding[0]?.controlId ?? ''} for ${SILENCE_MS} ms`);
        socket.destroy();
      }
    }
    await closed;
  }

  #fill(socket: Socket, { depth, endMs }: { depth: number; endMs: number }): void {
    const frames: Buffer[] = [];
    while (this.#outstanding.length < depth && performance.now() < endMs) {
      const [commit, application, codes] = ASKS[this.#next % ASKS.length] ?? ASKS[0];
      const controlId = `${this.#name}.${this.#next}`;
      const text = charge({ controlId, patient: `P${this.#name}` });
      const bytes = Buffer.from(text.replace('|P|2.5.1\r', `|P|2.5.1|||${commit}|${application}\r`), 'latin1');
      this.#next += 1;
      frames.push(encodeFrame(bytes));
      // Whether it arrives is not known to its sender, and does not matter to it.
      if (codes.length > 0) this.#outstanding.push({ controlId, bytes, owed: codes, codes, told: new Map() });
    }
    if (frames.length > 0) socket.write(Buffer.concat(frames));
  }

  #take(reply: string): void {
    const { code, controlId } = ackOf(reply);
    const [message] = this.#outstanding;
    const [owed] = message?.owed ?? [];
    if (message === undefined || message.controlId !== controlId || owed !== code) {
      this.#fault(`${code} for ${controlId}, but ${owed ?? 'nothing'} for ${message?.controlId ?? 'nobody'} is owed`);
      return;
    }
    const before = message.told.get(code);
    if (before !== undefined && before !== reply) this.#fault(`${controlId} was told ${code} in other words before`);
    message.told.set(code, reply);
    message.owed = message.owed.slice(1);
    this.replies += 1;
    if (message.owed.length > 0) return;
    this.#outstanding.shift();
    this.messages += 1;
  }

  #fault(text: string): void {
    this.faults.push(text);
  }
}
