/**
 * The part of an application reply that belongs to one message type: what stands behind MSA and ERR, e.g. the MFI and
 * MFA segments of an MFK. A mapping says what is in it; here it becomes bytes.
 *
 * What is echoed from the message is written as it came, in the delimiters and the character set of the sender; text of
 * our own is escaped. Nothing in a field can end its segment.
 */
import { encodeText } from './charset.ts';
import type { Delimiters } from './delimiters.ts';
import { encodeEscapes } from './escape.ts';
import type { Hl7Segment } from './segment.ts';

/** A whole field of the message (all repetitions and components), to be said again as it was sent. */
export interface EchoedField {
  readonly segment: Hl7Segment;
  readonly field: number;
}

/** One field of a reply: text, the components of a text, or an echo. Text may hold any characters; it is escaped. */
export type ReplyField = string | readonly string[] | EchoedField;

/** One segment of a reply; `fields[0]` is field 1, '' is an empty field. */
export interface ReplySegment {
  readonly name: string;
  readonly fields: readonly ReplyField[];
}

/** An application reply other than the plain ACK, without MSH, MSA and ERR: these follow from the judgment. */
export interface ApplicationReply {
  /** MSH-9.1 and MSH-9.3 of the reply, e.g. `MFK` and `MFK_M01`; MSH-9.2 is the trigger of the message. */
  readonly messageCode: string;
  readonly structure: string;
  /** In the order of the reply; as many as there are records. */
  readonly segments: readonly ReplySegment[];
}

/** How the segments are written. */
export interface ReplyStyle {
  /** Of the reply. */
  readonly delimiters: Delimiters;
  /** The sender's own delimiters are those of the reply; where they cannot be used, only plain values are echoed. */
  readonly echoesRaw: boolean;
  /** Label of the encoding that the message was read with (`Hl7Message.charset.used`). */
  readonly charset: string;
}

/** The segments, each ended by CR; characters that the character set does not have become `?`. */
export function replyBody(segments: readonly ReplySegment[], style: ReplyStyle): Buffer {
  const { field } = style.delimiters;
  const lines = segments.map(({ name, fields }) => {
    const line = [name, ...fields.map((given) => fieldText(given, style))].join(field);
    return `${line.replace(CONTROL, ' ')}\r`;
  });
  return encodeText(lines.join(''), style.charset);
}

/** A 0x1C before the CR of a segment ends the frame for the one who reads it. */
const CONTROL = /[\x00-\x1a\x1c-\x1f\x7f]/g;

function fieldText(given: ReplyField, { delimiters, echoesRaw }: ReplyStyle): string {
  if (typeof given === 'string') return encodeEscapes(given, delimiters);
  if (!('segment' in given))
    return given.map((component) => encodeEscapes(component, delimiters)).join(delimiters.component);
  if (echoesRaw) return given.segment.raw(given.field) ?? '';
  return encodeEscapes(given.segment.value(given.field) ?? '', delimiters);
}
