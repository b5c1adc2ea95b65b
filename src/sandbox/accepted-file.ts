/**
 * `accepted.ndjson`: what the sandbox ERP took, one line per request, appended and synced before the answer.
 *
 * A line is whole or absent: a half-written last line (the process was killed) is cut off at the next start, and its
 * request was never answered, so the sender repeats it. Requests that arrive together share one sync.
 */
import { type FileHandle, open } from 'node:fs/promises';

const NEWLINE = 0x0a;
const READ_BYTES = 1_048_576;

/** Where a line stands. */
export interface LinePlace {
  readonly offset: number;
  readonly length: number;
}

/** The open file. One process owns it. */
export class AcceptedFile {
  readonly #file: FileHandle;
  #size: number;
  #waiting: Buffer[] = [];
  #flushing: Promise<void> | null = null;
  /** End of what is synced. */
  #synced: number;

  private constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
    this.#synced = size;
  }

  /** Opens or creates the file and gives every whole line to `onLine`, in order. */
  static async open(path: string, onLine: (line: Buffer, place: LinePlace) => void): Promise<AcceptedFile> {
    const file = await open(path, 'a+', 0o600);
    const size = await readLines(file, onLine);
    await file.truncate(size);
    return new AcceptedFile(file, size);
  }

  /** Puts a line at the end; it is durable once `flushed()` resolves. Order of the file is order of the calls. */
  append(text: string): LinePlace {
    const line = Buffer.from(`${text}\n`, 'utf8');
    const place = { offset: this.#size, length: line.length - 1 };
    this.#size += line.length;
    this.#waiting.push(line);
    return place;
  }

  /** Resolves when everything appended before the call is synced. Rejects for good once a write has failed. */
  async flushed(): Promise<void> {
    const target = this.#size;
    while (this.#synced < target) {
      this.#flushing ??= this.#flush();
      await this.#flushing;
    }
  }

  async #flush(): Promise<void> {
    const lines = this.#waiting;
    const end = this.#size;
    this.#waiting = [];
    await this.#file.appendFile(Buffer.concat(lines));
    await this.#file.datasync();
    // A failed write leaves `#flushing` rejected on purpose: what memory says is no longer what the file says.
    this.#synced = end;
    this.#flushing = null;
  }

  async read({ offset, length }: LinePlace): Promise<string> {
    await this.flushed();
    const buffer = Buffer.alloc(length);
    await this.#file.read(buffer, 0, length, offset);
    return buffer.toString('utf8');
  }

  async close(): Promise<void> {
    await this.flushed().catch(() => {});
    await this.#file.close();
  }
}

/** Size of the file up to its last whole line. */
async function readLines(file: FileHandle, onLine: (line: Buffer, place: LinePlace) => void): Promise<number> {
  let rest: Buffer = Buffer.alloc(0);
  let restAt = 0;
  const chunk = Buffer.alloc(READ_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, READ_BYTES, restAt + rest.length);
    if (bytesRead === 0) return restAt;
    rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    let start = 0;
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE, start)) {
      onLine(rest.subarray(start, end), { offset: restAt + start, length: end - start });
      start = end + 1;
    }
    rest = rest.subarray(start);
    restAt += start;
  }
}
