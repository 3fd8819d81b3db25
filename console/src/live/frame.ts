// Decodes one binary positions frame of the live feed (docs/live-feed.md has the layout).

export const HEADER_BYTES = 28;
export const VERSION = 1;
const MAGIC = 0x5455; // "UT", little-endian
const FULL_SNAPSHOT = 1;
const MISSING_U16 = 0xffff;

export const STATUS = { unknown: 0, moving: 1, stopped: 2, offline: 3 } as const;
/** In the status column: the truck left the viewport, or is no more. */
export const GONE = 4;

/** Columns of equal length: row i of each is one truck. */
export interface PositionsFrame {
  full: boolean;
  seq: number;
  baseTsMs: number;
  names: Map<number, string>;
  count: number;
  handle: Uint32Array;
  latE7: Int32Array;
  lonE7: Int32Array;
  speedDkmh: Uint16Array;
  headingDdeg: Uint16Array;
  ageMs: Int32Array;
  status: Uint8Array;
}

export class FrameError extends Error {}

export function decodeFrame(buffer: ArrayBuffer): PositionsFrame {
  if (buffer.byteLength < HEADER_BYTES) throw new FrameError("frame shorter than its header");
  const view = new DataView(buffer);
  if (view.getUint16(0, true) !== MAGIC) throw new FrameError("not a positions frame");
  const version = view.getUint8(2);
  if (version !== VERSION) throw new FrameError(`frame version ${version}, expected ${VERSION}`);
  const count = view.getUint32(4, true);
  const reader = new Reader(buffer);
  const names = reader.names(view.getUint32(8, true));
  return {
    full: (view.getUint8(3) & FULL_SNAPSHOT) !== 0,
    seq: Number(view.getBigUint64(12, true)),
    baseTsMs: view.getFloat64(20, true),
    names,
    count,
    handle: new Uint32Array(reader.take(count * 4)),
    latE7: new Int32Array(reader.take(count * 4)),
    lonE7: new Int32Array(reader.take(count * 4)),
    speedDkmh: new Uint16Array(reader.take(count * 2)),
    headingDdeg: new Uint16Array(reader.take(count * 2)),
    ageMs: new Int32Array(reader.take(count * 4)),
    status: new Uint8Array(reader.take(count)),
  };
}

/** Tenths to a number, or null where the device did not say. */
export function tenths(value: number | undefined): number | null {
  return value === undefined || value === MISSING_U16 ? null : value / 10;
}

/** Walks the part after the header; every block starts on a multiple of four. */
class Reader {
  private offset = HEADER_BYTES;
  private readonly buffer: ArrayBuffer;

  constructor(buffer: ArrayBuffer) {
    this.buffer = buffer;
  }

  names(count: number): Map<number, string> {
    const view = new DataView(this.buffer);
    const text = new TextDecoder("ascii");
    const names = new Map<number, string>();
    for (let i = 0; i < count; i += 1) {
      this.need(5);
      const handle = view.getUint32(this.offset, true);
      const length = view.getUint8(this.offset + 4);
      this.offset += 5;
      this.need(length);
      names.set(handle, text.decode(new Uint8Array(this.buffer, this.offset, length)));
      this.offset += length;
    }
    this.offset += pad(this.offset);
    return names;
  }

  /** A copy, so that columns are aligned and outlive the frame's buffer. */
  take(bytes: number): ArrayBuffer {
    this.need(bytes);
    const part = this.buffer.slice(this.offset, this.offset + bytes);
    this.offset += bytes + pad(bytes);
    return part;
  }

  private need(bytes: number): void {
    if (this.offset + bytes > this.buffer.byteLength) throw new FrameError("frame cut short");
  }
}

function pad(bytes: number): number {
  return (4 - (bytes % 4)) % 4;
}
