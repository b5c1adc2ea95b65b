import { useEffect, useState } from 'preact/hooks';
import type { StatusSnapshot } from '../status/snapshot.ts';
import { monotonicMs } from './browser-clock.ts';
import { html } from './html.ts';
import { StateShape } from './state-mark.ts';
import { STATE_WORDS } from './words.ts';

/** A screen reader is told at most this often, unless the state itself changes. */
const SPEAK_EVERY_MS = 10_000;

type Verdict = StatusSnapshot['verdict'];

/** The sentence about the whole facility; the only live region of the page. */
export function VerdictBanner({ verdict }: { readonly verdict: Verdict }) {
  const { state, text } = useThrottled(verdict);
  return html`<div class=${`verdict ${state}`}>
    <${StateShape} state=${state} />
    <p role="status"><strong class="word">${STATE_WORDS[state]}</strong> <span class="sentence">${text}</span></p>
  </div>`;
}

function useThrottled(verdict: Verdict): Verdict {
  const [said, setSaid] = useState({ verdict, atMs: monotonicMs() });
  useEffect(() => {
    const say = (): void => setSaid({ verdict, atMs: monotonicMs() });
    if (verdict.state !== said.verdict.state) {
      say();
      return undefined;
    }
    if (verdict.text === said.verdict.text) return undefined;
    const timer = setTimeout(say, Math.max(0, SPEAK_EVERY_MS - (monotonicMs() - said.atMs)));
    return () => clearTimeout(timer);
  }, [verdict.state, verdict.text, said]);
  return said.verdict;
}
