import { type Delimiters, readDelimiters, STANDARD_DELIMITERS } from './delimiters.ts';
import type { MessageHeader } from './header.ts';

/** The delimiters of a reply, and what its segments begin with. */
export interface ReplyHeads {
  readonly delimiters: Delimiters;
  /** `MSH|^~\&|`. */
  readonly msh: string;
  /** `MSA|`. */
  readonly msa: string;
}

/** Candidates for what a sender did not name, in the order of MSH-2, then spare ones. */
const SPARE_CHARACTERS = '^~\\&#@!$%*+';

const STANDARD_HEADS = headsWith(STANDARD_DELIMITERS);

const met = new WeakMap<Delimiters, ReplyHeads>();

/** The sender's delimiters where a reader can use them; what is missing or unusable is filled in, never used twice. */
export const replyDelimiters = (header: MessageHeader | null): Delimiters => replyHeads(header).delimiters;

/** As `replyDelimiters`; made once for each set that `readDelimiters` remembers. */
export function replyHeads(header: MessageHeader | null): ReplyHeads {
  const sent = header?.delimiters ?? STANDARD_DELIMITERS;
  if (sent === STANDARD_DELIMITERS) return STANDARD_HEADS;
  const known = met.get(sent);
  if (known !== undefined) return known;
  const heads = headsWith(usable(sent));
  met.set(sent, heads);
  return heads;
}

function headsWith(delimiters: Delimiters): ReplyHeads {
  const { field, component, repetition, subcomponent, truncation } = delimiters;
  const encoding = `${component}${repetition}${delimiters.escape}${subcomponent}${truncation ?? ''}`;
  return { delimiters, msh: `MSH${field}${encoding}${field}`, msa: `MSA${field}` };
}

function usable(sent: Delimiters): Delimiters {
  if (!isUsable(sent.field)) return STANDARD_DELIMITERS;
  const named = [sent.component, sent.repetition, sent.escape, sent.subcomponent];
  if (named.every(isUsable)) return sent;
  const taken = new Set([sent.field, ...named.filter(isUsable)]);
  let characters = sent.field;
  for (const [index, character] of named.entries()) {
    const spare = [SPARE_CHARACTERS[index] ?? '', ...SPARE_CHARACTERS].find((candidate) => !taken.has(candidate)) ?? '';
    characters += isUsable(character) ? character : spare;
    taken.add(isUsable(character) ? character : spare);
  }
  return readDelimiters(`MSH${characters}`);
}

/** Printable ASCII that is neither a letter nor a digit nor a blank. */
const isUsable = (character: string): boolean => /^[!-/:-@[-`{-~]$/.test(character);
