/** One run: senders, appliance, disk and ERP in one process, under virtual time, on a plan that comes from a seed. */
import type { IntakeResult } from '../../src/model/intake.ts';
import type { Log } from '../../src/platform/log.ts';
import { CLINICAL, type Life, type LifeHooks, startLife } from './appliance.ts';
import { Chance } from './chance.ts';
import { SimulatedErp } from './erp.ts';
import { FakeDisk } from './fake-disk.ts';
import { Model } from './model.ts';
import { operate, settleCases } from './operator.ts';
import { type Act, makePlan, type Plan, TROUBLE_MS } from './plan.ts';
import { SimulatedSender } from './senders.ts';
import { readStored } from './stored.ts';
import { makeMessages, type SimulatedMessage } from './traffic.ts';
import { VirtualTime } from './virtual-time.ts';

/** A fault put into the product on purpose. Made anew for each run, so that it may remember. */
export interface Defect {
  /** What stands in for the sound parts in life number `life`, from 1. */
  hooks(life: number): LifeHooks;
  readonly openDisk?: (disk: FakeDisk) => FakeDisk['open'];
}

/** What a run found. */
export interface RunReport {
  readonly plan: Plan;
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  readonly acknowledged: number;
  readonly effects: number;
  readonly lives: number;
  /** Calls that the disk failed. */
  readonly faults: number;
}

const RESTART_MS = 300;
/** Virtual time in which everything must be in order again after the last trouble. */
const RECOVERY_MS = 600_000;

interface CurrentLife {
  ended: boolean;
  running: Life | null;
}

export class World {
  readonly plan: Plan;
  readonly #defect: Defect | null;
  readonly #time: VirtualTime;
  readonly #disk: FakeDisk;
  readonly #erp: SimulatedErp;
  readonly #model: Model;
  readonly #senders: readonly SimulatedSender[];
  readonly #trace: string[] = [];
  #life: CurrentLife = { ended: true, running: null };
  #lives = 0;
  #faults = 0;
  #amountTolerance = '0.01';
  #isInOrder = false;

  constructor(plan: Plan, defect: Defect | null = null) {
    this.plan = plan;
    this.#defect = defect;
    this.#time = new VirtualTime(plan.startsAtMs);
    const note = (line: string): void => this.#note(line);
    const diskChance = new Chance(plan.seed, 'disk');
    const wait = (): Promise<void> =>
      plan.diskMs === 0 ? Promise.resolve() : this.#time.wait(diskChance.next() * plan.diskMs);
    this.#disk = new FakeDisk({ wait, note, onFault: () => this.#faultStruck() });
    const perSender = Array.from({ length: plan.senders }, (_, sender) =>
      makeMessages(new Chance(plan.seed, `messages ${sender}`), sender, plan.messagesPerSender),
    );
    const messages = perSender.flat();
    const refusals = new Map(
      messages.flatMap(({ controlId, refusal }) => (refusal === null ? [] : [[controlId, refusal] as const])),
    );
    this.#erp = new SimulatedErp({ time: this.#time, chance: new Chance(plan.seed, 'erp'), note, refusals });
    this.#model = new Model(plan, messages);
    this.#senders = perSender.map(
      (own, sender) =>
        new SimulatedSender({
          messages: own,
          window: plan.windowPerSender,
          lossShare: plan.lossShare,
          time: this.#time,
          chance: new Chance(plan.seed, `sender ${sender}`),
          deliver: (message, answer) => this.#deliver(message, answer),
        }),
    );
  }

  async run(): Promise<RunReport> {
    const crash = (error: unknown): void => this.#crashed(error);
    process.on('unhandledRejection', crash);
    try {
      this.#start();
      for (const sender of this.#senders) sender.start();
      for (const act of this.plan.acts) this.#time.after(act.atMs, () => this.#act(act));
      this.#time.after(TROUBLE_MS, () => this.#endTroubles());
      await this.#time.run(TROUBLE_MS + RECOVERY_MS, () => this.#isInOrder || this.#model.violations.length > 0);
      if (this.#model.violations.length === 0) await this.#compare();
    } catch (error) {
      this.#crashed(error);
    } finally {
      this.#life.ended = true;
      process.off('unhandledRejection', crash);
    }
    return {
      plan: this.plan,
      violations: this.#model.violations,
      trace: this.#trace,
      acknowledged: this.#model.acknowledged,
      effects: this.#erp.effects.length,
      lives: this.#lives,
      faults: this.#faults,
    };
  }

  #note(line: string): void {
    this.#trace.push(`${this.#time.nowMs.toFixed(3)} ${line}`);
  }

  #start(): void {
    const life: CurrentLife = { ended: false, running: null };
    this.#life = life;
    this.#lives += 1;
    this.#note(`life ${this.#lives} begins`);
    void this.#startLife(life).catch((error: unknown) => {
      if (life.ended) return;
      this.#note(`cannot start: ${error instanceof Error ? error.message : String(error)}`);
      this.#end();
    });
  }

  async #startLife(life: CurrentLife): Promise<void> {
    this.#model.compareStored(await readStored(this.#disk));
    const openDisk = this.#defect?.openDisk?.(this.#disk) ?? this.#disk.open;
    life.running = await startLife({
      plan: this.plan,
      amountTolerance: this.#amountTolerance,
      openDisk: (location, options) => (life.ended ? new Promise(() => {}) : openDisk(location, options)),
      sender: this.#erp.senderFor(life),
      clock: this.#time.clockFor(life),
      random: new Chance(this.plan.seed, `life ${this.#lives}`).next,
      log: this.#log(life),
      hooks: this.#defect?.hooks(this.#lives) ?? {},
    });
    this.#note('life is ready');
  }

  #log(life: CurrentLife): Log {
    const line =
      (level: string) =>
      (text: string, fields: object = {}) => {
        if (!life.ended) this.#note(`log ${level} ${text} ${JSON.stringify(fields)}`);
      };
    return { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
  }

  /** The process ends at once; a supervisor starts it again. */
  #end(): void {
    this.#life.ended = true;
    this.#life.running = null;
    this.#disk.kill();
    this.#time.after(RESTART_MS, () => this.#start());
  }

  #crashed(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#note(`crash: ${text}`);
    this.#model.violated(`the process crashed: ${text}`);
    if (!this.#life.ended) this.#end();
  }

  #deliver(message: SimulatedMessage, answer: (result: IntakeResult) => void): void {
    const life = this.#life;
    if (life.running === null) return;
    const receivedAtMs = Math.floor(this.#time.nowMs) + this.#time.wallOffsetMs;
    const frame = { channelId: CLINICAL, remote: 'sender', receivedAtMs, bytes: message.bytes };
    void life.running.intake(frame).then((result) => {
      if (life.ended) return;
      this.#note(`${message.name} ${message.kind} gets ${result.ackCode} ${result.disposition} ${result.messageId}`);
      this.#model.replied(message, result);
      result.settle?.(true);
      answer(result);
    });
  }

  #faultStruck(): void {
    this.#faults += 1;
    const { powerCutAfterMs } = this.plan;
    if (powerCutAfterMs === undefined || this.#faults > 1) return;
    this.#time.after(powerCutAfterMs, () => this.#act({ kind: 'power-cut', kept: 0 }));
  }

  #act(act: Act): void {
    this.#note(`act ${JSON.stringify(act)}`);
    switch (act.kind) {
      case 'erp':
        this.#erp.mode = act.mode;
        break;
      case 'clock':
        this.#time.wallOffsetMs += act.jumpMs;
        break;
      case 'disk':
        this.#disk.setFault(act.fault);
        break;
      case 'operator':
        if (this.#life.running !== null) this.#alone(operate(this.#life.running, act.does, this.#model.replayed));
        break;
      case 'restart':
        this.#restart();
        break;
      default:
        if (this.#life.ended) break;
        if (act.kind === 'damage') this.#disk.damage((keys) => waitingRecord(keys, act.which));
        if (act.kind === 'power-cut') this.#disk.cutPower((unsynced) => Math.floor(act.kept * (unsynced + 1)));
        this.#end();
    }
  }

  #restart(): void {
    const life = this.#life;
    const { running } = life;
    if (running === null) return;
    life.running = null;
    const end = (): void => {
      if (!life.ended) this.#end();
    };
    running.stop().then(end, end);
  }

  /** What people ask for may fail while the store does. */
  #alone(act: Promise<void>): void {
    const { life } = { life: this.#life };
    act.catch((error: unknown) => {
      if (!life.ended) this.#note(`operator: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  #endTroubles(): void {
    this.#note('troubles end');
    this.#disk.setFault(null);
    this.#erp.mode = 'ok';
    this.#erp.isMended = true;
    this.#amountTolerance = '1';
    this.#restart();
    this.#time.after(2_000, () => this.#putInOrder());
  }

  /** Until everything is taken, sent or given up: what people would do, every few seconds. */
  #putInOrder(): void {
    const { running } = this.#life;
    this.#time.after(2_000, () => this.#putInOrder());
    if (running === null || !this.#senders.every((sender) => sender.isDone)) return;
    const { counts } = running.totals.destination('erp' as never);
    const ended = counts.posted + counts.discarded;
    if (counts.enqueued === ended && running.totals.openCases === 0) {
      this.#life.running = null;
      void running.stop().then(() => {
        this.#isInOrder = true;
      });
    } else this.#alone(settleCases(running, this.#model.replayed));
  }

  async #compare(): Promise<void> {
    if (!this.#isInOrder) {
      const unsent = this.#senders.filter((sender) => !sender.isDone).length;
      const facts = this.#life.running?.totals.destination('erp' as never).counts;
      this.#model.violated(`not in order in time: ${unsent} senders wait, entries ${JSON.stringify(facts)}`);
      return;
    }
    this.#model.compareOutcome(await readStored(this.#disk), this.#erp);
  }
}

/** One of the entries that wait in the lane, of the records beside parked ones and requests, or of the open cases. */
function waitingRecord(keys: readonly string[], which: number): string | undefined {
  const left = new Set(keys.filter((key) => /^[op]!/.test(key)).map((key) => key.slice(2)));
  const open = new Set(keys.filter((key) => key.startsWith('xo!')).map((key) => `x!${key.slice(3)}`));
  const isWaiting = (key: string): boolean =>
    /^[pwk]!/.test(key) || open.has(key) || (key.startsWith('e!') && !left.has(key.slice(2)));
  const waiting = keys.filter(isWaiting);
  return waiting[Math.floor(which * waiting.length)];
}

/** Runs the plan of a seed. */
export const simulate = (seed: number, defect: Defect | null = null): Promise<RunReport> =>
  new World(makePlan(seed), defect).run();
