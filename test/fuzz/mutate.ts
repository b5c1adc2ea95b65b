/** Changes sound inputs in the ways in which senders, lines and people spoil them. */
import type { Chance } from '../simulation/chance.ts';

const CHANGES_MAX = 6;
const PIECE_MAX = 400;

/** An input made of one or two of `seeds`, changed a few times; `tokens` are the words of the format. */
export function mutate(chance: Chance, seeds: readonly Buffer[], tokens: readonly Buffer[]): Buffer {
  let bytes = pickFrom(chance, seeds);
  const changes = chance.whole(0, CHANGES_MAX);
  for (let change = 0; change < changes; change += 1) {
    const at = chance.whole(0, bytes.length);
    const to = Math.min(bytes.length, at + chance.whole(0, Math.min(PIECE_MAX, bytes.length)));
    const before = bytes.subarray(0, at);
    bytes = Buffer.concat([before, ...middleOf(chance, bytes.subarray(at, to), { seeds, tokens }), bytes.subarray(to)]);
  }
  return bytes;
}

function middleOf(
  chance: Chance,
  piece: Buffer,
  { seeds, tokens }: { readonly seeds: readonly Buffer[]; readonly tokens: readonly Buffer[] },
): readonly Buffer[] {
  switch (chance.whole(1, 8)) {
    case 1:
      return [];
    case 2:
      return [piece, piece];
    case 3:
      return Array<Buffer>(chance.whole(2, 60)).fill(piece.subarray(0, 40));
    case 4:
      return [Buffer.from(Array.from({ length: chance.whole(1, 12) }, () => chance.whole(0, 255))), piece];
    case 5: {
      const other = pickFrom(chance, seeds);
      const from = chance.whole(0, other.length);
      return [other.subarray(from, from + PIECE_MAX)];
    }
    case 6: {
      const flipped = Buffer.from(piece);
      if (flipped.length > 0) flipped[chance.whole(0, flipped.length - 1)] = chance.whole(0, 255);
      return [flipped];
    }
    default:
      return [pickFrom(chance, tokens), piece];
  }
}

const pickFrom = (chance: Chance, buffers: readonly Buffer[]): Buffer =>
  buffers[chance.whole(0, buffers.length - 1)] ?? Buffer.alloc(0);
