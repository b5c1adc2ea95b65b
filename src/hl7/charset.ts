/**
 * Character sets of HL7 v2 (MSH-18, HL7 v2.5.1 ch. 2, table 0211) and the decision how a frame becomes text.
 *
 * The whole frame is decoded before it is split: in GB 18030, Big5, Shift_JIS and ISO-2022-JP a byte that looks like a
 * delimiter may be the second half of a character.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import type { MessageFlag } from '../model/message-flag.ts';

/** The part of the format settings that decides how bytes become text. */
export interface CharsetSettings {
  readonly charset?: string | undefined;
  readonly fallbackCharset: string;
  readonly onUndecodable: 'fallback' | 'reject';
}

/** Remarks on the decoding, part of `Hl7Message.flags`; what they mean stands in `MESSAGE_FLAGS`. */
export type CharsetFlag = Extract<MessageFlag, `charset-${string}` | `replacement-characters:${number}`>;

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

/**
 * HL7 names (table 0211) and the spellings of senders → encoding labels: those of DICOM (`ISO_IR 100`, `ISO 2022 IR
 * 87`), IANA and Oracle among them. Compared without blanks, case and `SIGNS`.
 *
 * CNS 11643 is not here on purpose: its bytes read as Big5 give other characters without an error.
 */
const NAMES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'us-ascii': 'ascii usascii us isoir6 iso2022ir6 iso646 iso646us ansix34 7bit us7ascii',
    'utf-8': 'unicodeutf8 utf8 unicode isoir192 iso10646utf8 al32utf8 utf8mb4 utf8unicode unicodeutf8bom',
    'utf-16': 'unicodeutf16 utf16 ucs2 utf16le utf16be al16utf16',
    'utf-32': 'unicodeutf32 utf32 ucs4 utf32le utf32be',
    gb18030: 'gb180302000 gb18030 gb180302005 gb180302022',
    gbk: 'gbk gb2312 cp936 isoir58 iso2022ir58 gb231280 zhs16gbk',
    big5: 'big5 big5eten cp950 zht16big5',
    'euc-kr': 'ksx1001 ksc5601 ksc56011987 isoir149 iso2022ir149 euckr cp949 ko16ksc5601 ko16mswin949',
    'iso-2022-jp':
      'isoir87 isoir14 isoir13 isoir159 iso2022ir87 iso2022ir13 iso2022ir159 iso2022jp ' +
      'jisx0208 jisx0202 jisx0201 jisx0212 jis',
    shift_jis: 'shiftjis sjis cp932 windows31j ms932 mskanji ja16sjis',
    'euc-jp': 'eucjp ujis ja16euc',
    'windows-1250': 'ee8mswin1250',
    'windows-1251': 'cl8mswin1251',
    'windows-1252': 'we8mswin1252 ansi1252',
    'iso-8859-1': 'isoir100 iso2022ir100 latin1 l1 we8iso8859p1 iso885911987',
    'iso-8859-2': 'isoir101 iso2022ir101 latin2 ee8iso8859p2',
    'iso-8859-3': 'isoir109 iso2022ir109 latin3',
    'iso-8859-4': 'isoir110 iso2022ir110 latin4 nee8iso8859p4',
    'iso-8859-5': 'isoir144 iso2022ir144 cl8iso8859p5',
    'iso-8859-6': 'isoir127 iso2022ir127 ar8iso8859p6',
    'iso-8859-7': 'isoir126 iso2022ir126 el8iso8859p7',
    'iso-8859-8': 'isoir138 iso2022ir138 iw8iso8859p8',
    'iso-8859-9': 'isoir148 iso2022ir148 latin5 we8iso8859p9',
    'iso-8859-10': 'isoir157 latin6',
    'iso-8859-11': 'isoir166 iso2022ir166 tis620',
    'iso-8859-13': 'isoir179 latin7',
    'iso-8859-14': 'isoir199 latin8',
    'iso-8859-15': 'isoir203 latin9 we8iso8859p15',
    'iso-8859-16': 'isoir226 latin10',
  }).flatMap(([encoding, names]) => [
    ...names.split(' ').map((name) => [name, encoding] as const),
    ...(encoding.startsWith('iso-8859-') ? partNames(encoding) : []),
  ]),
);

/** `8859/1`, `ISO 8859-1` and the like. */
function partNames(encoding: string): readonly (readonly [string, string])[] {
  const part = encoding.slice('iso-8859-'.length);
  return [
    [`8859${part}`, encoding],
    [`iso8859${part}`, encoding],
  ];
}

/** What stands between the parts of a name. */
const SIGNS = /[\s/_.:()-]+/g;

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
  const known = NAMES.get(plain.replace(SIGNS, ''));
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

/** The encoding label of a frame that is nothing but ASCII, which is the same in every set. */
export const asciiLabel = (declared: readonly string[], { charset }: CharsetSettings): string =>
  wantedEncoding(charset === undefined ? declared : [charset]) ?? 'us-ascii';

/** Bytes of an `\Xhh..\` escape → text, in a message that was decoded with `used`; null when they do not fit. */
export function readEscapedBytes(bytes: Buffer, used: string, fallbackCharset: string): string | null {
  const encoding = used === 'us-ascii' ? 'utf-8' : used;
  const text = decodeStrictly(bytes, encoding);
  if (text !== null || used !== 'us-ascii') return text;
  return decodeStrictly(bytes, encodingOf(fallbackCharset) ?? 'windows-1252');
}

/** A frame of two or four bytes per character; `text` is null when the bytes are not whole characters. */
export interface WideFrame {
  readonly text: string | null;
  readonly used: string;
}

/**
 * A frame in UTF-16 or UTF-32, told by its byte order mark or by the zero bytes beside the first letter of MSH, FHS or
 * BHS; null for every other frame. MLLP is not made for such frames, yet senders exist that use them. The reply is in
 * single bytes.
 */
export function decodeWideFrame(bytes: Buffer): WideFrame | null {
  const [first = 1, second = 1] = bytes;
  // Nearly every frame ends here.
  if (first > 0 && second > 0 && first < 0xfe) return null;
  const used = wideEncodingOf(bytes);
  if (used === null) return null;
  const isWhole = bytes.length % (used.startsWith('utf-32') ? 4 : 2) === 0;
  return { text: isWhole ? iconv.decode(bytes, used).toWellFormed() : null, used };
}

function wideEncodingOf(bytes: Buffer): string | null {
  const head = bytes.toString('latin1', 0, 4);
  if (head === '\x00\x00\xfe\xff' || /^\0\0\0[MFB]/.test(head)) return 'utf-32be';
  if (head === '\xff\xfe\x00\x00' || /^[MFB]\0\0\0/.test(head)) return 'utf-32le';
  if (head.startsWith('\xfe\xff') || /^\0[MFB]/.test(head)) return 'utf-16be';
  return head.startsWith('\xff\xfe') || /^[MFB]\0/.test(head) ? 'utf-16le' : null;
}

/** What is to be remarked of a wide frame whose MSH-18 is `declared`. */
export function wideFlags(text: string, declared: readonly string[], { charset }: CharsetSettings): CharsetFlag[] {
  const flags: CharsetFlag[] = [];
  const wanted = wantedEncoding(charset === undefined ? declared : [charset]);
  if (wanted === null || !/^utf-(?:16|32)/.test(wanted)) {
    flags.push(declared.every((name) => name.trim() === '') ? 'charset-missing' : 'charset-untrue');
  }
  noteReplacements(text, flags);
  return flags;
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
  noteReplacements(text, flags);
  return { ok: true, text, used, flags };
}

function noteReplacements(text: string, flags: CharsetFlag[]): void {
  let count = 0;
  for (let at = text.indexOf(REPLACEMENT); at !== -1; at = text.indexOf(REPLACEMENT, at + 1)) count += 1;
  if (count > 0) flags.push(`replacement-characters:${count}`);
}

const refusal = (text: string): Decoded => ({ ok: false, text });
