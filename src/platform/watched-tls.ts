/**
 * TLS material that follows its files: a change is taken up by itself, without a restart. What cannot be used, or has
 * ended while the present one has not, is not taken up: the present one stays, and the trouble is told until the files
 * are right.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../model/clock.ts';
import { certificateUrgency } from '../model/certificate.ts';
import { CausewayError } from '../model/errors.ts';
import type { Log } from './log.ts';
import { systemCredentialsDirectory } from './secrets.ts';
import { readTlsMaterial, type TlsFiles, type TlsMaterial } from './tls-material.ts';

/** Whose material it is, for people: `channel clinical`, `destination erp`. */
export interface WatchedTlsParts {
  readonly owner: string;
  readonly files: TlsFiles;
  readonly clock: Clock;
  readonly log: Log;
}

/** The material of one owner. */
export class WatchedTls {
  readonly owner: string;
  /** Called with material that replaces the one before. */
  onReplaced: ((material: TlsMaterial) => void) | null = null;
  readonly #parts: WatchedTlsParts;
  #material: TlsMaterial;
  /** The files as they were when the present material was read, or refused. */
  #stamps: string;
  /** Changed stamps at the last look: material is read once its files are quiet, not between two of them. */
  #changing: string | null = null;
  #trouble: string | null = null;

  private constructor(parts: WatchedTlsParts, material: TlsMaterial, stamps: string) {
    this.owner = parts.owner;
    this.#parts = parts;
    this.#material = material;
    this.#stamps = stamps;
  }

  /** @throws CausewayError `TLS_MATERIAL_INVALID`, `SECRET_UNREADABLE` */
  static async read(parts: WatchedTlsParts): Promise<WatchedTls> {
    const stamps = await stampsOf(parts.files);
    const material = readTlsMaterial(parts.files);
    if (material.keyIsOpen)
      parts.log.warn('a private key is readable by every user of the machine', { owner: parts.owner });
    return new WatchedTls(parts, material, stamps);
  }

  get material(): TlsMaterial {
    return this.#material;
  }

  /** Why newer files are not in use; null while the files are. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Takes up files that changed and have been quiet since the last look. */
  async look(): Promise<void> {
    const stamps = await stampsOf(this.#parts.files);
    if (stamps === this.#stamps) this.#changing = null;
    else if (stamps === this.#changing) this.#take(stamps);
    else this.#changing = stamps;
  }

  /** Takes up the files as they are now, because somebody says that they are whole. */
  async reload(): Promise<void> {
    this.#take(await stampsOf(this.#parts.files));
  }

  #take(stamps: string): void {
    const { files, log, owner } = this.#parts;
    this.#stamps = stamps;
    this.#changing = null;
    try {
      const material = readTlsMaterial(files);
      this.#refuseEnded(material);
      this.#material = material;
      this.#trouble = null;
      log.info('TLS material was read anew and is in use', { owner });
      this.onReplaced?.(material);
    } catch (error) {
      if (!(error instanceof CausewayError)) throw error;
      this.#trouble = error.detail;
      log.error('new TLS material cannot be used: the one before stays in use', {
        owner,
        code: error.code,
        reason: error.detail,
        hint: error.hint,
      });
    }
  }

  #refuseEnded(material: TlsMaterial): void {
    const nowMs = this.#parts.clock.nowMs();
    const isUseless = ({ certificates }: TlsMaterial): boolean =>
      certificates.some((one) => one.role === 'own' && certificateUrgency(one, nowMs) === 'ended');
    if (isUseless(material) && !isUseless(this.#material))
      throw new CausewayError('TLS_MATERIAL_INVALID', 'The new certificate is not valid at this time.');
  }
}

/** What tells a changed file from an unchanged one; a file that is not there counts, too. */
async function stampsOf({ certificateFile, key, caFile }: TlsFiles): Promise<string> {
  const keyFile =
    key === undefined ? undefined : 'file' in key ? key.file : join(systemCredentialsDirectory() ?? '', key.credential);
  const paths = [certificateFile, keyFile, caFile].filter((path) => path !== undefined);
  const stamps = await Promise.all(
    paths.map(async (path) => {
      try {
        const { mtimeMs, ctimeMs, size, ino } = await stat(path);
        return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
      } catch {
        return 'absent';
      }
    }),
  );
  return stamps.join(' | ');
}
