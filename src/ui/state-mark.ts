import type { FlowState } from '../status/snapshot.ts';
import { html } from './html.ts';
import { STATE_WORDS } from './words.ts';

interface Shape {
  readonly outline: string;
  readonly mark: string;
  readonly isFilled: boolean;
}

/** One shape per state, told apart without colour: octagon and cross, clock, diamond and mark, ring, disc and tick. */
const SHAPES: Readonly<Record<FlowState, Shape>> = {
  blocked: { outline: 'M7 2h6l5 5v6l-5 5H7l-5-5V7z', mark: 'M7.2 7.2l5.6 5.6M12.8 7.2l-5.6 5.6', isFilled: true },
  behind: { outline: 'M10 2a8 8 0 1 0 0 16a8 8 0 1 0 0-16z', mark: 'M10 5.8V10l3 2', isFilled: false },
  'needs-attention': { outline: 'M10 1.4L18.6 10L10 18.6L1.4 10z', mark: 'M10 6v4.6M10 13.4v.2', isFilled: true },
  silent: { outline: 'M10 3.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13z', mark: '', isFilled: false },
  flowing: { outline: 'M10 2a8 8 0 1 0 0 16a8 8 0 1 0 0-16z', mark: 'M6.3 10.2l2.6 2.6l4.8-5.2', isFilled: true },
};

/** The shape alone; the word stands beside it, so it is hidden from screen readers. */
export function StateShape({ state }: { readonly state: FlowState }) {
  const { outline, mark, isFilled } = SHAPES[state];
  const kind = `shape ${isFilled ? 'filled' : 'hollow'}`;
  return html`<svg class=${kind} viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
    <path class="outline" d=${outline} />
    ${mark === '' ? null : html`<path class="mark" d=${mark} />`}
  </svg>`;
}

/** Shape, word and colour. */
export function StateMark({ state }: { readonly state: FlowState }) {
  return html`<span class=${`state ${state}`}>
    <${StateShape} state=${state} />
    <span class="word">${STATE_WORDS[state]}</span>
  </span>`;
}
