/** Certificates inside the appliance: read at the start, followed while it runs, told before they end. */
import type { Config } from '../config/schema.ts';
import { type CertificateFacts, certificateUrgency, type CertificateUrgency } from '../model/certificate.ts';
import type { Clock, Timer } from '../model/clock.ts';
import type { Log } from '../platform/log.ts';
import { WatchedTls } from '../platform/watched-tls.ts';
import { certificateText } from '../status/certificate-wording.ts';
import type { CertificateStatus } from '../status/snapshot.ts';
import { tlsFilesOf } from './tls-files.ts';

/** How often files are looked at: a change is in use after two looks. */
const LOOK_MS = 5_000;

interface CertificateDeskParts {
  readonly config: Pick<Config, 'channels' | 'destinations'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** All TLS material of the appliance. */
export class CertificateDesk {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #watched: ReadonlyMap<string, WatchedTls>;
  /** What was said last of each certificate, so that every step is said once. */
  readonly #said = new Map<string, CertificateUrgency>();
  #timer: Timer | null = null;
  #looking: Promise<void> = Promise.resolve();

  private constructor({ clock, log }: CertificateDeskParts, watched: ReadonlyMap<string, WatchedTls>) {
    this.#clock = clock;
    this.#log = log;
    this.#watched = watched;
  }

  /**
   * Reads what listeners and destinations need and follows it from now on.
   * @throws CausewayError `TLS_MATERIAL_INVALID`, `SECRET_UNREADABLE`
   */
  static async start(parts: CertificateDeskParts): Promise<CertificateDesk> {
    const watched = new Map<string, WatchedTls>();
    for (const [owner, files] of tlsFilesOf(parts.config))
      watched.set(owner, await WatchedTls.read({ ...parts, owner, files }));
    const desk = new CertificateDesk(parts, watched);
    desk.#tell();
    if (watched.size > 0) desk.#arm();
    return desk;
  }

  /** The material of an owner; null when it has none. */
  of(owner: string): WatchedTls | null {
    return this.#watched.get(owner) ?? null;
  }

  /** Takes up all files as they are now. */
  async reload(): Promise<void> {
    for (const watched of this.#watched.values()) await watched.reload();
    this.#tell();
  }

  /** The certificate of each owner and role that ends first, the first to end first. */
  status(): readonly CertificateStatus[] {
    const nowMs = this.#clock.nowMs();
    const rows = [...this.#watched.values()].flatMap(({ owner, material, trouble }) =>
      (['own', 'authority'] as const).flatMap((role) => {
        const first = firstToEnd(material.certificates.filter((one) => one.role === role));
        if (first === null) return [];
        return [{ ...first, id: `${owner} ${role}`, owner, urgency: certificateUrgency(first, nowMs), trouble }];
      }),
    );
    return rows.sort((left, right) => left.notAfterMs - right.notAfterMs);
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    await this.#looking;
  }

  #arm(): void {
    this.#timer = this.#clock.after(LOOK_MS, () => {
      this.#looking = this.#look();
    });
  }

  async #look(): Promise<void> {
    for (const watched of this.#watched.values()) await watched.look();
    this.#tell();
    if (this.#timer !== null) this.#arm();
  }

  /** Logs what is nearer to its end than when it was last spoken of. */
  #tell(): void {
    const nowMs = this.#clock.nowMs();
    for (const one of this.status()) {
      const before = this.#said.get(one.id) ?? null;
      this.#said.set(one.id, one.urgency);
      if (one.urgency === null || one.urgency === before) continue;
      const level = one.urgency === 'ended' || one.urgency === 1 ? 'error' : 'warn';
      this.#log[level](`${certificateText(one, nowMs)}: put a new one into its files`, { owner: one.owner });
    }
  }
}

const firstToEnd = (certificates: readonly CertificateFacts[]): CertificateFacts | null =>
  certificates.reduce<CertificateFacts | null>(
    (first, one) => (first === null || one.notAfterMs < first.notAfterMs ? one : first),
    null,
  );
