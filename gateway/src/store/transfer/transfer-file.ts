import { createHash } from "node:crypto";
import { z } from "zod";
import type { SchemaShape } from "./schema-shape.ts";

/**
 * The file: a header line (JSON), then for each table its rows in PostgreSQL's COPY text format, cut into frames (length in
 * four bytes, then so many bytes; a length of zero ends the table) and followed by a line with their count and SHA-256,
 * and last a line with the SHA-256 of everything before it. Counts and sums stand behind the rows, not in the header,
 * so that one pass over one snapshot is enough and the file may go into a pipe.
 */
export const FORMAT = "holdfast-export";
export const FORMAT_VERSION = 1;

const LINE_BYTES_MAX = 16 * 1_048_576;
const FRAME_BYTES_MAX = 1_048_576;

const bound = String.raw`(?:MINVALUE|MAXVALUE|-?\d+|'[^'\\]*')`;
const BOUND = new RegExp(
  String.raw`^(?:DEFAULT|FOR VALUES FROM \(${bound}(?:, ${bound})*\) TO \(${bound}(?:, ${bound})*\))$`,
);

const headerSchema = z.object({
  format: z.literal(FORMAT),
  formatVersion: z.number().int(),
  exportedAt: z.string(),
  migrations: z.array(z.object({ number: z.number().int(), name: z.string(), sha256: z.string() })),
  tables: z.array(
    z.object({
      name: z.string(),
      columns: z.array(z.string()),
      partitioned: z.boolean(),
      // These two become part of statements, so nothing but what PostgreSQL itself writes is let through.
      partitions: z.array(z.object({ name: z.string().regex(/^[a-z0-9_]{1,63}$/), bound: z.string().regex(BOUND) })),
    }),
  ),
});
/** The first line as read. */
export type Header = z.infer<typeof headerSchema>;
/** The first line as written. */
export type HeaderLine = SchemaShape & {
  readonly format: typeof FORMAT;
  readonly formatVersion: number;
  readonly exportedAt: string;
};

const trailerSchema = z.object({
  table: z.string(),
  rows: z.number().int(),
  bytes: z.number().int(),
  sha256: z.string(),
});
/** What stands behind a table's rows. */
export type Trailer = z.infer<typeof trailerSchema>;

const endSchema = z.object({ end: z.literal(true), tables: z.number().int(), sha256: z.string() });

/** The file is not what it should be; the message says how, for a person. */
export class DamagedFileError extends Error {
  override readonly name = "DamagedFileError";
}

/** Turns lines and frames into bytes, and sums them up. */
export function createFileWriter(): {
  line(value: HeaderLine | Trailer): Buffer;
  frames(chunk: Buffer): Buffer[];
  endOfTable(): Buffer;
  end(tables: number): Buffer;
} {
  const sum = createHash("sha256");
  const counted = (bytes: Buffer): Buffer => {
    sum.update(bytes);
    return bytes;
  };
  return {
    line: (value) => counted(Buffer.from(`${JSON.stringify(value)}\n`)),
    frames: (chunk) => {
      const frames: Buffer[] = [];
      for (let at = 0; at < chunk.length; at += FRAME_BYTES_MAX) {
        const part = chunk.subarray(at, at + FRAME_BYTES_MAX);
        frames.push(counted(frameLength(part.length)), counted(part));
      }
      return frames;
    },
    endOfTable: () => counted(frameLength(0)),
    end: (tables) => Buffer.from(`${JSON.stringify({ end: true, tables, sha256: sum.digest("hex") })}\n`),
  };
}

function frameLength(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

export interface FileReader {
  header(): Promise<Header>;
  /** The rows of the next table, piece by piece; to be read to the end before anything else. */
  frames(): AsyncGenerator<Buffer, void>;
  trailer(): Promise<Trailer>;
  /** Checks the last line, and that nothing follows. */
  end(tables: number): Promise<void>;
}

/** Reads a file piece by piece; holds no more than one line or one frame. Throws DamagedFileError. */
export function createFileReader(source: AsyncIterable<Buffer | string>): FileReader {
  const sum = createHash("sha256");
  const bytes = createByteReader(source);
  const line = async (): Promise<{ raw: Buffer; value: unknown }> => {
    const raw = await bytes.through(0x0a, LINE_BYTES_MAX);
    try {
      return { raw, value: JSON.parse(raw.toString()) };
    } catch {
      throw new DamagedFileError("a line in it is not JSON");
    }
  };
  const parsed = async <T>(schema: z.ZodType<T>, what: string): Promise<T> => {
    const { raw, value } = await line();
    sum.update(raw);
    const checked = schema.safeParse(value);
    if (!checked.success)
      throw new DamagedFileError(`its ${what} is not as it should be (${checked.error.issues[0]?.path.join(".")})`);
    return checked.data;
  };
  return {
    header: () => parsed(headerSchema, "first line"),
    trailer: () => parsed(trailerSchema, "line behind a table"),
    async *frames() {
      for (;;) {
        const head = await bytes.exactly(4);
        sum.update(head);
        const length = head.readUInt32BE();
        if (length === 0) return;
        if (length > FRAME_BYTES_MAX)
          throw new DamagedFileError("a piece of it is longer than any that Holdfast writes");
        const frame = await bytes.exactly(length);
        sum.update(frame);
        yield frame;
      }
    },
    end: async (tables) => {
      const expected = sum.digest("hex");
      const last = endSchema.safeParse((await line()).value);
      if (!last.success || last.data.tables !== tables || last.data.sha256 !== expected) {
        throw new DamagedFileError("its closing line does not match what stands before it");
      }
      if (await bytes.hasMore()) throw new DamagedFileError("something follows its closing line");
    },
  };
}

function createByteReader(source: AsyncIterable<Buffer | string>): {
  exactly(length: number): Promise<Buffer>;
  through(byte: number, lengthMax: number): Promise<Buffer>;
  hasMore(): Promise<boolean>;
} {
  const chunks = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  const more = async (): Promise<boolean> => {
    const next = await chunks.next();
    if (next.done === true) return false;
    held = Buffer.concat([held, typeof next.value === "string" ? Buffer.from(next.value) : next.value]);
    return true;
  };
  const take = (length: number): Buffer => {
    const taken = held.subarray(0, length);
    held = held.subarray(length);
    return taken;
  };
  return {
    exactly: async (length) => {
      while (held.length < length) if (!(await more())) throw new DamagedFileError("it ends too early");
      return take(length);
    },
    through: async (byte, lengthMax) => {
      for (;;) {
        const at = held.indexOf(byte);
        if (at !== -1) return take(at + 1);
        if (held.length > lengthMax) throw new DamagedFileError("a line in it is too long");
        if (!(await more())) throw new DamagedFileError("it ends too early");
      }
    },
    hasMore: async () => held.length > 0 || (await more()),
  };
}
