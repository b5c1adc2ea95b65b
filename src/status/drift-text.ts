/** How differences from a learned profile are written for people. Pure. */
import type { DriftFinding, DriftKind } from '../model/drift.ts';
import { formatCount } from './wording.ts';

const WORDS: Readonly<Record<DriftKind, string>> = {
  sender: 'new sender',
  'message-type': 'new message type',
  version: 'new version',
  charset: 'new character set',
  'z-segment': 'new Z-segment',
  'transaction-type': 'new FT1-6 code',
  'missing-field': 'often without',
};

/** Differences written out in a sentence; more are only counted. */
const TOLD_MAX = 3;

/** `new sender LAB/NORTH (12)`. */
export const driftText = ({ kind, what, count }: DriftFinding): string =>
  `${WORDS[kind]} ${what === '' ? '(empty)' : what} (${formatCount(count)})`;

/** `new sender LAB/NORTH (12), new Z-segment ZFT (3) and 2 more`; empty when nothing differs. */
export function driftSummary(findings: readonly DriftFinding[]): string {
  const rest = findings.length - TOLD_MAX;
  const told = findings.slice(0, TOLD_MAX).map(driftText).join(', ');
  return rest <= 0 ? told : `${told} and ${formatCount(rest)} more`;
}
