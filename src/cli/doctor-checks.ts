/** What `causeway doctor` looks at. Each check looks for itself and says what it found; none changes anything. */
import { existsSync, statfsSync, statSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import { isLoopback } from '../model/address.ts';
import { CausewayError } from '../model/errors.ts';
import { STORE_FORMAT } from '../model/store-format.ts';
import { assertStoreAccess } from '../platform/file-access.ts';
import { databasePathOf } from '../platform/store-folder.ts';
import { markedFormat } from '../platform/store-identity.ts';
import { driftText } from '../status/drift-text.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';

/** `fail`: it cannot work so · `warn`: it works, and somebody ought to decide. */
export type FindingLevel = 'ok' | 'warn' | 'fail';

/** One line of the list. */
export interface Finding {
  readonly level: FindingLevel;
  readonly topic: string;
  /** What was found, and after a point what to do. */
  readonly text: string;
}

const GIB = 1_073_741_824;
const FREE_BYTES_MIN = GIB;
const OTHERS = 0o077;
/** Years that a machine with a set clock can show. */
const YEARS = { from: 2_026, to: 2_100 };

const finding = (level: FindingLevel, topic: string, text: string): Finding => ({ level, topic, text });

/** Folder closed to others, and room on its disk. */
export function checkStoreFolder({ store }: Config): readonly Finding[] {
  try {
    assertStoreAccess(store.path, databasePathOf(store.path));
  } catch (error) {
    if (!(error instanceof CausewayError)) throw error;
    return [finding('fail', 'store folder', `${error.detail} ${error.hint}`)];
  }
  if (!existsSync(store.path)) return [finding('ok', 'store folder', `${store.path} is made at the first start.`)];
  const mode = statSync(store.path).mode & 0o777;
  const { bavail, bsize } = statfsSync(store.path);
  const free = bavail * bsize;
  const size = `${(free / GIB).toFixed(1)} GiB free`;
  return [
    (mode & OTHERS) === 0
      ? finding('ok', 'store folder', `${store.path} is closed to others.`)
      : finding(
          'warn',
          'store folder',
          `${store.path} has mode ${mode.toString(8)}. The next start closes it to others.`,
        ),
    free >= FREE_BYTES_MIN
      ? finding('ok', 'disk', `${size}.`)
      : finding('warn', 'disk', `Only ${size}. Make room before messages are answered AE.`),
  ];
}

/** Whether this version can open the store, and whether older ones still can afterwards. */
export function checkStoreFormat({ store }: Config): readonly Finding[] {
  try {
    const format = markedFormat(store.path);
    if (format === null) return [];
    if (format === STORE_FORMAT) return [finding('ok', 'store format', `${format}, as this version writes it.`)];
    const text = `Its records have format ${format}; the next start migrates them to ${STORE_FORMAT}, then`;
    return [
      finding('warn', 'store format', `${text} older versions refuse it. Take a backup before (\`causeway backup\`).`),
    ];
  } catch (error) {
    if (!(error instanceof CausewayError)) throw error;
    return [finding('fail', 'store format', `${error.detail} ${error.hint}`)];
  }
}

/** What leaves or enters the machine in the open. */
export function checkNetwork({ channels, destinations, status }: Config): readonly Finding[] {
  const open = channels
    .filter(({ listener }) => listener.tls === undefined && !isLoopback(listener.host))
    .map(({ id, listener }) =>
      finding('warn', `channel ${id}`, `MLLP without encryption on ${listener.host}. Only for a network you trust.`),
    );
  const page = isLoopback(status.host)
    ? []
    : [finding('warn', 'status page', `Served without encryption or login on ${status.host}.`)];
  const plain = destinations
    .filter(({ url }) => url.startsWith('http:'))
    .map(({ id }) => finding('warn', `destination ${id}`, 'Events go over plain HTTP, to this machine only.'));
  const found = [...open, ...page, ...plain];
  return found.length > 0 ? found : [finding('ok', 'network', 'Nothing unencrypted leaves or enters this machine.')];
}

/** A clock that somebody has set: stamps of messages and certificates hang on it. */
export function checkClock(nowMs: number, timezone: string): Finding {
  const year = new Date(nowMs).getUTCFullYear();
  const local = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: timezone });
  const text = `${local.format(nowMs)} (${timezone})`;
  return year >= YEARS.from && year <= YEARS.to
    ? finding('ok', 'clock', `${text}.`)
    : finding('fail', 'clock', `${text}. Set the clock of the machine (\`timedatectl\`).`);
}

/** What the running appliance says: null when none answers. */
export function checkRunning(snapshot: StatusSnapshot | null): readonly Finding[] {
  if (snapshot === null) {
    const text = 'None answers: it is not running, or this user may not ask. Which keys records need is not known.';
    return [finding('warn', 'appliance', text)];
  }
  const { store, verdict, version } = snapshot;
  const flows = verdict.state === 'flowing' || verdict.state === 'silent';
  const own = finding(flows ? 'ok' : 'warn', 'appliance', `Version ${version} runs. ${verdict.text}`);
  return [own, ...driftFindings(snapshot), ...keyFindings(store.encryption)];
}

/** What differs from a learned profile, all of it. */
const driftFindings = ({ channels }: StatusSnapshot): readonly Finding[] =>
  channels.flatMap(({ id, drift }) =>
    drift.map((one) => finding('warn', `channel ${id}`, `Differs from the learned profile: ${driftText(one)}.`)),
  );

function keyFindings({ state, keys, rewrite }: StatusSnapshot['store']['encryption']): readonly Finding[] {
  if (state === 'off') return [];
  const [key = ''] = keys;
  if (rewrite === null) return [finding('ok', 'keys', `Every record is sealed with ${key}; no older key is needed.`)];
  if (rewrite.damaged > 0) {
    const text = `${rewrite.damaged} records cannot be opened; keep every key (${keys.join(', ')}).`;
    return [finding('fail', 'keys', text)];
  }
  return [finding('warn', 'keys', `Older records are being sealed with ${key}; keep every key (${keys.join(', ')}).`)];
}
