/**
 * Escape sequences of HL7 v2 text (HL7 v2.5.1 ch. 2, "Use of escape sequences in text fields"). Applied after
 * splitting, with the message's own delimiters.
 */
import type { Delimiters } from './delimiters.ts';

/** What escapes mean in one message. */
export interface EscapeContext {
  readonly delimiters: Delimiters;
  /** Bytes of `\Xhh..\` → text in the character set of the message; null when they do not fit it. */
  readBytes(bytes: Buffer): string | null;
}

/** Pieces are joined in portions of this size: millions of escapes in one field then cost no chain of tiny strings. */
const PIECES_PER_JOIN = 1_024;

const HEX = /^(?:[0-9A-Fa-f]{2})+$/;
/**
 * Sequences that the standard names but that have no plain-text meaning here: they are kept as they are, as one
 * unit.
 */
const KEPT_WHOLE = /^(?:[HN]|\.[a-z]{2}[+-]?\d*|[CM](?:[0-9A-Fa-f]{2}){1,3}|Z[^ ]{0,64})$/;
const KEPT_LENGTH_MAX = 66;

/**
 * Text with its escapes resolved: the delimiters (`\F\ \S\ \T\ \R\ \E\ \P\`), bytes in hex (`\Xhh..\`) and the line
 * break `\.br\` (a line feed). Everything else stays exactly as it came: highlighting, other formatting, character
 * set switches, `\Z..\`, unknown sequences, and a lone escape character. Linear in the length of the text.
 */
export function decodeEscapes(text: string, context: EscapeContext): string {
  const mark = context.delimiters.escape;
  if (mark === '') return text;
  let open = text.indexOf(mark);
  if (open === -1) return text;
  let result = '';
  let pieces: string[] = [];
  let copied = 0;
  while (open !== -1) {
    const close = text.indexOf(mark, open + 1);
    if (close === -1) break;
    const meaning = meaningOf(text.slice(open + 1, close), context);
    if (meaning === null) {
      // Not a sequence (a path, a regular expression): the closing mark may open a real one.
      open = close;
      continue;
    }
    if (meaning !== undefined) {
      pieces.push(text.slice(copied, open), meaning);
      copied = close + 1;
      if (pieces.length >= PIECES_PER_JOIN) {
        result += pieces.join('');
        pieces = [];
      }
    }
    open = text.indexOf(mark, close + 1);
  }
  if (copied === 0) return text;
  pieces.push(text.slice(copied));
  return result + pieces.join('');
}

/** What stands for the text between two escape characters; undefined: keep it as one unit; null: it is no sequence. */
function meaningOf(body: string, context: EscapeContext): string | undefined | null {
  if (body.length === 1) {
    const character = delimiterNamed(body, context.delimiters);
    if (character !== '') return character;
  }
  if (body.length > 1 && body.startsWith('X')) {
    const hex = body.slice(1);
    if (!HEX.test(hex)) return null;
    return context.readBytes(Buffer.from(hex, 'hex')) ?? undefined;
  }
  if (body.length === 0 || body.length > KEPT_LENGTH_MAX) return null;
  if (body === '.br') return '\n';
  return KEPT_WHOLE.test(body) ? undefined : null;
}

function delimiterNamed(letter: string, delimiters: Delimiters): string {
  switch (letter) {
    case 'F':
      return delimiters.field;
    case 'S':
      return delimiters.component;
    case 'T':
      return delimiters.subcomponent;
    case 'R':
      return delimiters.repetition;
    case 'E':
      return delimiters.escape;
    case 'P':
      return delimiters.truncation ?? '';
    default:
      return '';
  }
}

/**
 * Text made safe to be put into one component: delimiters and line ends become escapes of the message's own set.
 * Where a set has no usable escape character (too short, or the same as another delimiter), they become blanks.
 */
export function encodeEscapes(text: string, delimiters: Delimiters): string {
  if (!needsEscape(text, delimiters)) return text;
  const { field, component, repetition, subcomponent, truncation } = delimiters;
  const mark = delimiters.escape;
  const canEscape = mark !== '' && ![field, component, repetition, subcomponent, truncation].includes(mark);
  let result = '';
  for (const character of text) {
    const code = codeOf(character, delimiters);
    if (code === '') result += character;
    else result += canEscape ? mark + code + mark : ' ';
  }
  return result;
}

/** Most texts hold nothing to be escaped. */
function needsEscape(text: string, delimiters: Delimiters): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    // Letters, digits and blanks are never delimiters of a reply.
    if (code === 32 || (code >= 97 && code <= 122) || (code >= 65 && code <= 90)) continue;
    if (codeOf(text.charAt(at), delimiters) !== '') return true;
  }
  return false;
}

function codeOf(character: string, delimiters: Delimiters): string {
  switch (character) {
    case delimiters.escape:
      return 'E';
    case delimiters.field:
      return 'F';
    case delimiters.component:
      return 'S';
    case delimiters.repetition:
      return 'R';
    case delimiters.subcomponent:
      return 'T';
    case delimiters.truncation:
      return 'P';
    case '\n':
      return '.br';
    case '\r':
      return 'X0D';
    default:
      return '';
  }
}
