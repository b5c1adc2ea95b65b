/**
 * Character sets of HL7 v2 (MSH-18, HL7 v2.5.1 ch. 2, table 0211) and the decision how a frame becomes text.
 *
 * The whole frame is decoded before it is split: in GB 18030, Big5, Shift_JIS and ISO-2022-JP a byte that looks like a
 * delimiter may be the second half of a character.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import type { ByteReader } from './escape.ts';

/** The part of the format settings that decides how bytes become text. */
export interface CharsetSettings {
  readonly charset?: string | undefined;
  readonly fallbackCharset: string;
  readonly onUndecodable: 'fallback' | 'reject';
}

/** Remarks on the decoding, part of `Hl7Message.flags`. */
export type CharsetFlag =
  /** MSH-18 is empty, yet there are bytes outside of ASCII. */
  | 'charset-missing'
  /** MSH-18 names a set that this product does not know. */
  | 'charset-unknown'
  /** The bytes do not fit the set that MSH-18 (or the channel) names. */
  | 'charset-untrue'
  /**
   * The bytes fit the named single-byte set, but are valid UTF-8 as well, which real text of such a set hardly ever
   * is.
   */
  | 'charset-doubtful'
  /** Read with the fallback set of the channel. */
  | 'charset-fallback'
  /** The text holds U+FFFD: characters were lost, here or at the sender. */
  | 'replacement-characters';

/** The text of a frame, or the sentence why it is refused (it names no bytes). */
export type Decoded =
  | {
      readonly ok: true;
      readonly text: string;
      /** Encoding label in lower case: `us-ascii`, `utf-8`, `windows-1252`, `iso-8859-1` … */
      readonly used: string;
      readonly flags: readonly CharsetFlag[];
    }
  | { readonly ok: false; readonly text: string };

/** HL7 names → encoding labels. Compared without blanks, hyphens, underscores, slashes and case. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ...['ascii', 'usascii', 'isoir6', 'iso646', 'ansix3.4', '7bit'].map((name) => [name, 'us-ascii'] as const),
  ...['unicodeutf8', 'utf8', 'unicode', 'isoir192', 'iso10646utf8'].map((name) => [name, 'utf-8'] as const),
  ...['unicodeutf16', 'utf16'].map((name) => [name, 'utf-16'] as const),
  ...['unicodeutf32', 'utf32'].map((name) => [name, 'utf-32'] as const),
  ...['gb180302000', 'gb18030', 'gb180302005', 'isoir58'].map((name) => [name, 'gb18030'] as const),
  ...['gbk', 'gb2312', 'cp936'].map((name) => [name, 'gbk'] as const),
  ...['big5', 'big5eten'].map((name) => [name, 'big5'] as const),
  ...['ksx1001', 'ksc5601', 'isoir149', 'euckr'].map((name) => [name, 'euc-kr'] as const),
  ...['isoir87', 'isoir14', 'isoir13', 'isoir159', 'iso2022jp', 'jisx0208'].map(
    (name) => [name, 'iso-2022-jp'] as const,
  ),
  ...['shiftjis', 'sjis', 'cp932', 'windows31j'].map((name) => [name, 'shift_jis'] as const),
  ...['eucjp', 'ujis'].map((name) => [name, 'euc-jp'] as const),
  ...['cns116431992', 'cns11643'].map((name) => [name, 'big5'] as const),
  ...Array.from({ length: 16 }, (_, index) => index + 1)
    .filter((part) => part !== 12)
    .flatMap((part) => [`8859${part}`, `iso8859${part}`].map((name) => [name, `iso-8859-${part}`] as const)),
  ['isoir100', 'iso-8859-1'],
  ['latin1', 'iso-8859-1'],
  ['isoir101', 'iso-8859-2'],
  ['isoir109', 'iso-8859-3'],
  ['isoir110', 'iso-8859-4'],
  ['isoir144', 'iso-8859-5'],
  ['isoir127', 'iso-8859-6'],
  ['isoir126', 'iso-8859-7'],
  ['isoir138', 'iso-8859-8'],
  ['isoir148', 'iso-8859-9'],
  ['isoir157', 'iso-8859-10'],
  ['isoir166', 'iso-8859-11'],
  ['isoir179', 'iso-8859-13'],
  ['isoir199', 'iso-8859-14'],
  ['isoir203', 'iso-8859-15'],
]);

/** Longest name that is looked up, and how many spellings and repetitions are looked at. */
const NAME_LENGTH_MAX = 40;
const SEEN_MAX = 256;
const REPETITIONS_MAX = 8;
const seen = new Map<string, string | null>();

const ESCAPE_BYTE = 0x1b;
const REPLACEMENT = '\uFFFD';
/** C1 controls have no place in HL7 text; in a message that claims ISO 8859 they are Windows punctuation or UTF-8. */
const C1_CONTROL = /[\x80-\x9f]/;

/**
 * The encoding label for a name of MSH-18 or of a setting (`8859/15`, `ISO IR100`, `UNICODE UTF-8`, `windows-1252`),
 * or null when it is not known.
 */
export function encodingOf(name: string): string | null {
  if (name === '' || name.length > NAME_LENGTH_MAX) return null;
  const cached = seen.get(name);
  if (cached !== undefined) return cached;
  const plain = name.trim().toLowerCase();
  const known = NAMES.get(plain.replace(/[\s/_-]+/g, ''));
  const encoding = known ?? (plain !== '' && iconv.encodingExists(plain) ? plain : null);
  if (seen.size < SEEN_MAX) seen.set(name, encoding);
  return encoding;
}

/**
 * Decodes a frame by MSH-18 (`declared`, with its repetitions) and the settings of the channel: `charset` wins over
 * MSH-18; nothing or ASCII declared means strict UTF-8, else the fallback; a named set that the bytes contradict
 * means strict UTF-8, else the fallback, or a refusal under `reject`. Every deviation is flagged.
 */
export function decodeFrame(bytes: Buffer, declared: readonly string[], settings: CharsetSettings): Decoded {
  const names = settings.charset === undefined ? declared : [settings.charset];
  const wanted = wantedEncoding(names);
  if (isAscii(bytes) && !(wanted === 'iso-2022-jp' && bytes.includes(ESCAPE_BYTE))) {
    return { ok: true, text: bytes.toString('latin1'), used: wanted ?? 'us-ascii', flags: [] };
  }
  const flags: CharsetFlag[] = [];
  if (wanted !== null && wanted !== 'us-ascii') {
    const text = decodeStrictly(bytes, wanted);
    if (text !== null) {
      if (isSingleByte(wanted) && isUtf8(bytes)) flags.push('charset-doubtful');
      return finish(text, wanted, flags);
    }
    if (settings.onUndecodable === 'reject')
      return refusal('The bytes do not fit the character set that MSH-18 or the channel names.');
    flags.push('charset-untrue');
  } else if (names.every((name) => name.trim() === '')) {
    flags.push('charset-missing');
  } else {
    flags.push(wanted === null ? 'charset-unknown' : 'charset-untrue');
  }
  if (isUtf8(bytes)) return finish(bytes.toString('utf8'), 'utf-8', flags);
  if (settings.onUndecodable === 'reject')
    return refusal('MSH-18 does not say how the bytes are encoded, and they are not UTF-8.');
  flags.push('charset-fallback');
  const fallback = encodingOf(settings.fallbackCharset) ?? 'windows-1252';
  return finish(decodeLoosely(bytes, fallback), fallback, flags);
}

/** Reads the bytes of `\Xhh..\` escapes in a message that was decoded with `used`. */
export function byteReaderFor(used: string, fallbackCharset: string): ByteReader {
  return (bytes) => {
    const encoding = used === 'us-ascii' ? 'utf-8' : used;
    const text = decodeStrictly(bytes, encoding);
    if (text !== null || used !== 'us-ascii') return text;
    return decodeStrictly(bytes, encodingOf(fallbackCharset) ?? 'windows-1252');
  };
}

/**
 * A frame in UTF-16 (told by its byte order mark, or by a zero byte beside the M of MSH), decoded; null for every other
 * frame. MLLP is not made for such frames, yet senders exist that use them.
 */
export function decodeUtf16Frame(bytes: Buffer): { readonly text: string; readonly used: string } | null {
  const [first, second] = bytes;
  const big = (first === 0xfe && second === 0xff) || (first === 0x00 && second === 0x4d);
  const little = (first === 0xff && second === 0xfe) || (first === 0x4d && second === 0x00);
  if (!big && !little) return null;
  const used = big ? 'utf-16be' : 'utf-16le';
  return { text: iconv.decode(bytes, used), used };
}

/**
 * The first named set that is more than ASCII (an empty or ASCII base set followed by its alternates), else the
 * base.
 */
function wantedEncoding(names: readonly string[]): string | null {
  let base: string | null = null;
  for (const [index, name] of names.slice(0, REPETITIONS_MAX).entries()) {
    const encoding = encodingOf(name);
    if (index === 0) base = encoding;
    if (encoding !== null && encoding !== 'us-ascii') return encoding;
    // An unknown base set must not be read with an alternate that only covers what is switched to.
    if (index === 0 && encoding === null && name.trim() !== '') return null;
  }
  return base;
}

const isSingleByte = (encoding: string): boolean => encoding.startsWith('iso-8859-') || encoding.startsWith('windows-');

function decodeStrictly(bytes: Buffer, encoding: string): string | null {
  if (encoding === 'utf-8') return isUtf8(bytes) ? bytes.toString('utf8') : null;
  // A frame of bytes with VT, FS and CR in single bytes cannot be UTF-16 or UTF-32, whatever MSH-18 says.
  if (encoding.startsWith('utf-16') || encoding.startsWith('utf-32')) return null;
  const text = decodeLoosely(bytes, encoding);
  if (text.includes(REPLACEMENT)) return null;
  return encoding.startsWith('iso-8859-') && C1_CONTROL.test(text) ? null : text;
}

function decodeLoosely(bytes: Buffer, encoding: string): string {
  if (encoding === 'iso-8859-1') return bytes.toString('latin1');
  // iconv-lite has no stateful encodings; the one of ECMA-402 builds does.
  if (encoding === 'iso-2022-jp') return new TextDecoder('iso-2022-jp', { ignoreBOM: true }).decode(bytes);
  return iconv.decode(bytes, encoding, { stripBOM: false });
}

/**
 * Text in an encoding as `Hl7Message.charset.used` names it: what was read with it comes back as the same bytes.
 * Characters that it does not have become `?`.
 */
export function encodeText(text: string, encoding: string): Buffer {
  if (encoding === 'us-ascii') return Buffer.from(text.replace(/[^\x00-\x7f]/g, '?'), 'latin1');
  if (encoding === 'utf-8') return Buffer.from(text, 'utf8');
  // Nothing here writes stateful sets, and a reply in UTF-16 could not be framed: ASCII is part of what they read.
  if (!iconv.encodingExists(encoding) || encoding.startsWith('utf-16')) return encodeText(text, 'us-ascii');
  return iconv.encode(text, encoding);
}

function finish(text: string, used: string, flags: CharsetFlag[]): Decoded {
  if (text.includes(REPLACEMENT)) flags.push('replacement-characters');
  return { ok: true, text, used, flags };
}

const refusal = (text: string): Decoded => ({ ok: false, text });
