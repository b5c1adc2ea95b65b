import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeFrame, FrameDecoder } from '../../../src/hl7/framing.ts';
import { CausewayError } from '../../../src/model/errors.ts';

const decoderWith = (missingFinalCr: 'accept' | 'refuse' = 'accept', frameBytesMax = 4_096): FrameDecoder =>
  new FrameDecoder({ frameBytesMax, missingFinalCr });

const pushAll = (decoder: FrameDecoder, ...chunks: readonly string[]): string[] =>
  chunks.flatMap((chunk) => decoder.push(Buffer.from(chunk, 'latin1')).map((frame) => frame.toString('latin1')));

/** `stream` cut at the given positions, which may repeat. */
function cut(stream: Buffer, positions: readonly number[]): Buffer[] {
  const sorted = [
    0,
    ...positions.map((position) => position % (stream.length + 1)).sort((a, b) => a - b),
    stream.length,
  ];
  return sorted.slice(1).map((end, index) => stream.subarray(sorted[index], end));
}

describe('frames', () => {
  test('several frames of one read come out in order', () => {
    expect(pushAll(decoderWith(), '\vone\x1c\r\vtwo\x1c\r\v\x1c\r')).toEqual(['one', 'two', '']);
  });

  test('one and a half frames give the one, and the other once the rest is there', () => {
    const decoder = decoderWith();
    expect(pushAll(decoder, '\vone\x1c\r\vtw')).toEqual(['one']);
    expect(decoder.inFrame).toBe(true);
    expect(pushAll(decoder, 'o\x1c\r')).toEqual(['two']);
    expect([decoder.inFrame, decoder.bufferedBytes]).toEqual([false, 0]);
  });

  test('a whole frame inside one chunk is not copied', () => {
    const chunk = Buffer.from('\vMSH|\x1c\r', 'latin1');
    expect(decoderWith().push(chunk)[0]?.buffer).toBe(chunk.buffer);
  });

  test('junk between frames is dropped and counted, the frames around it are not touched', () => {
    const decoder = decoderWith();
    expect(pushAll(decoder, 'xx\vone\x1c\r\r\nzz\vtwo\x1c\r!')).toEqual(['one', 'two']);
    expect(decoder.strayBytes).toBe(7);
  });

  test('a sender that opens a frame twice still gets its message read', () => {
    const decoder = decoderWith();
    expect(pushAll(decoder, '\v\vone\x1c\r', '\v', '\v', 'two\x1c\r')).toEqual(['one', 'two']);
    expect(decoder.strayBytes).toBe(2);
  });

  test('a vertical tab inside of the data does not lose what came before it', () => {
    expect(pushAll(decoderWith(), '\vone\vtwo\x1c\r')).toEqual(['one\vtwo']);
  });

  test('encodeFrame and the decoder are inverse', () => {
    expect(pushAll(decoderWith(), encodeFrame(Buffer.from('MSH|')).toString('latin1'))).toEqual(['MSH|']);
  });
});

describe('a missing final CR', () => {
  test('accept: the frame comes out once it is said that no byte follows, and never before', () => {
    const decoder = decoderWith();
    expect(pushAll(decoder, '\vone\x1c')).toEqual([]);
    expect(decoder.endPending).toBe(true);
    expect(decoder.endWithoutCr()?.toString()).toBe('one');
    expect(decoder.endWithoutCr()).toBeNull();
    expect(pushAll(decoder, '\vtwo\x1c', '\n', '\vthree\x1c', '\vfour\x1c\r')).toEqual(['two', 'three', 'four']);
    expect(decoder.strayBytes).toBe(0);
  });

  test.each([
    ['\vMSH\rFT1|1\r\x1c', true],
    ['\vMSH\rFT1|1\n\x1c', true],
    ['\vMSH\rFT1|1|note\x1c', false],
    ['\v\x1c', false],
    ['\vMSH\rFT1|1\r', false],
  ])('accept: only a 0x1C behind a whole segment may be an end by silence: %j', (bytes, expected) => {
    const decoder = decoderWith();
    pushAll(decoder, bytes);
    expect(decoder.endsWithSegment).toBe(expected);
    const refusing = decoderWith('refuse');
    pushAll(refusing, bytes);
    expect(refusing.endsWithSegment).toBe(false);
  });

  test('accept: a 0x1C in the data that TCP delivers as the last byte of a chunk does not cut the message', () => {
    expect(pushAll(decoderWith(), '\vbefore\x1c', 'after\x1c\r')).toEqual(['before\x1cafter']);
  });

  test('accept: frames that follow each other without any CR are told apart', () => {
    expect(pushAll(decoderWith(), '\vone\x1c\vtwo\x1c\n\vthree\x1c\v')).toEqual(['one', 'two', 'three']);
  });

  test('accept: 0x1C in the middle of a chunk does not cut a message in half', () => {
    expect(pushAll(decoderWith(), '\vbefore\x1cafter\x1c\r')).toEqual(['before\x1cafter']);
  });

  test('refuse: only 0x1C 0x0D ends a frame, also when the two bytes arrive apart', () => {
    const decoder = decoderWith('refuse');
    expect(pushAll(decoder, '\vone\x1c')).toEqual([]);
    expect(pushAll(decoder, '\vtwo\x1cthree\x1c', '\x1c', '\r')).toEqual(['one\x1c\vtwo\x1cthree\x1c']);
  });
});

describe('a few at a time', () => {
  test('what is behind the frames that were asked for waits, wherever the bytes were cut', () => {
    const stream = Buffer.from('x\vone\x1c\r\vtwo\x1c\vthree\x1c\n\v\x1c\r\vfive\x1c\rjunk\vsi', 'latin1');
    for (let at = 0; at <= stream.length; at += 1) {
      const decoder = decoderWith();
      const frames: string[] = [];
      const take = (bytes: Buffer): void => {
        const taken = decoder.push(bytes, 2);
        expect(taken.length).toBeLessThanOrEqual(2);
        frames.push(...taken.map(String));
      };
      for (const piece of [stream.subarray(0, at), stream.subarray(at)]) take(piece);
      while (decoder.restBytes > 0) take(Buffer.alloc(0));
      expect(frames).toEqual(['one', 'two', 'three', '', 'five']);
      expect([decoder.inFrame, decoder.strayBytes]).toEqual([true, 5]);
    }
  });

  test('a frame that is too large is told when its turn comes', () => {
    const decoder = decoderWith('accept', 1_024);
    const stream = Buffer.from(`\va\x1c\r\vb\x1c\r\v${'y'.repeat(2_000)}`, 'latin1');
    expect(decoder.push(stream, 1).map(String)).toEqual(['a']);
    expect(decoder.overflow).toBeNull();
    expect(decoder.push(Buffer.alloc(0), 1).map(String)).toEqual(['b']);
    expect(() => decoder.push(Buffer.alloc(0), 1)).toThrowError(/FRAME_TOO_LARGE/);
    expect(decoder.restBytes).toBe(0);
  });
});

describe('the cap', () => {
  test('is enforced while reading, so a frame without end cannot fill the memory', () => {
    const decoder = decoderWith('accept', 10_000);
    const start = Buffer.from(`\vMSH|^~\\&|${'x'.repeat(8_200)}`, 'latin1');
    expect(decoder.push(start)).toEqual([]);
    expect(() => decoder.push(Buffer.alloc(2_000, 0x41))).toThrowError(CausewayError);
    expect(decoder.firstBytes().length).toBe(8_192);
    expect(decoder.firstBytes().subarray(0, 9).toString('latin1')).toBe('MSH|^~\\&|');
    expect(decoder.bufferedBytes).toBeLessThanOrEqual(8_192);
    expect(() => decoder.push(Buffer.from('\v'))).toThrowError(/FRAME_TOO_LARGE/);
  });

  test('a frame completed before an oversized one in the same chunk is still returned', () => {
    const decoder = decoderWith('accept', 1_024);
    const chunk = Buffer.from(`\vgood\x1c\r\v${'y'.repeat(1_025)}\x1c\r\vlost\x1c\r`, 'latin1');
    expect(decoder.push(chunk).map(String)).toEqual(['good']);
    expect(decoder.overflow?.code).toBe('FRAME_TOO_LARGE');
    expect(decoder.firstBytes().length).toBe(1_025);
    expect(() => decoder.push(Buffer.alloc(0))).toThrowError(/FRAME_TOO_LARGE/);
  });

  test.each(['accept', 'refuse'] as const)('%s: a frame of exactly the cap is taken, split anywhere', (mode) => {
    const stream = Buffer.from(`\v${'z'.repeat(64)}\x1c\r`, 'latin1');
    for (let at = 0; at <= stream.length; at += 1) {
      const decoder = decoderWith(mode, 64);
      const frames = [...decoder.push(stream.subarray(0, at)), ...decoder.push(stream.subarray(at))];
      expect(frames.map((frame) => frame.length)).toEqual([64]);
    }
  });

  test('a sender that drips single bytes costs at most twice its bytes', () => {
    const decoder = decoderWith('accept', 1_048_576);
    decoder.push(Buffer.from('\v'));
    for (let count = 1; count <= 20_000; count += 1) {
      decoder.push(Buffer.from('x'));
      expect(decoder.bufferedBytes).toBeLessThanOrEqual(Math.max(256, count * 2));
    }
  });
});

describe('any split of the bytes gives the same frames', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 12 });
  const payloadByte = fc.integer({ min: 0, max: 255 });

  test('refuse: for every payload that has no 0x1C 0x0D', () => {
    const payload = fc
      .array(fc.oneof(payloadByte, fc.constantFrom(0x0b, 0x1c, 0x0d)), { maxLength: 40 })
      .map((bytes) => Buffer.from(bytes).toString('latin1').replace(/^\v+/, ''))
      .filter((text) => !text.includes('\x1c\r'));
    fc.assert(
      fc.property(fc.array(payload, { maxLength: 5 }), cuts, (payloads, positions) => {
        const stream = Buffer.concat(payloads.map((text) => encodeFrame(Buffer.from(text, 'latin1'))));
        const decoder = decoderWith('refuse');
        const frames = cut(stream, positions).flatMap((chunk) =>
          decoder.push(chunk).map((frame) => frame.toString('latin1')),
        );
        expect(frames).toEqual(payloads);
      }),
      { numRuns: 500 },
    );
  });

  test('accept: with any end (CR, LF, none) and junk in between, for payloads without 0x1C', () => {
    const payload = fc
      .array(payloadByte, { maxLength: 40 })
      .map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('\x1c', '').replace(/^\v+/, ''));
    const frame = fc.record({ payload, end: fc.constantFrom('\x1c\r', '\x1c\n', '\x1c') });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), cuts, (sent, positions) => {
        const stream = Buffer.from(sent.map(({ payload: text, end }) => `\v${text}${end}`).join(''), 'latin1');
        const decoder = decoderWith('accept');
        const frames = cut(stream, positions).flatMap((chunk) =>
          decoder.push(chunk).map((bytes) => bytes.toString('latin1')),
        );
        const last = decoder.endWithoutCr();
        if (last !== null) frames.push(last.toString('latin1'));
        expect(frames).toEqual(sent.map(({ payload: text }) => text));
        expect(decoder.strayBytes).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
