/** What both reference servers share: cut frames, find MSH-10, write an AA. Nothing is checked, nothing is bounded. */

const START = 0x0b;
const SEPARATOR = 0x7c;
const END = Buffer.from([0x1c, 0x0d]);

/** Cuts frames out of chunks; `push` hands out the complete ones. */
export class BareDecoder {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): readonly Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Buffer[] = [];
    let from = 0;
    for (let end = bytes.indexOf(END, from); end >= 0; end = bytes.indexOf(END, from)) {
      frames.push(bytes.subarray(bytes[from] === START ? from + 1 : from, end));
      from = end + END.length;
    }
    this.#rest = bytes.subarray(from);
    return frames;
  }
}

/** A framed AA reply with the control id of the frame. */
export function bareAck(frame: Buffer): string {
  let from = 3;
  for (let field = 2; field <= 10; field++) from = frame.indexOf(SEPARATOR, from) + 1;
  const controlId = frame.toString('latin1', from, frame.indexOf(SEPARATOR, from));
  return `\u000bMSH|^~\\&|REF|BENCH|||20260101000000||ACK|1|P|2.5\rMSA|AA|${controlId}\r\u001c\r`;
}
