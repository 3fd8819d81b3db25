// Builds frames for tests, written from the page and not from the decoder.

export interface RowSpec {
  handle: number;
  id?: string | undefined;
  lat: number;
  lon: number;
  speed: number | null;
  heading: number | null;
  ageMs: number;
  status: number;
}

export interface FrameSpec {
  seq?: number;
  baseTsMs?: number;
  full?: boolean;
  rows: RowSpec[];
}

export function buildFrame({
  seq = 1,
  baseTsMs = 1e12,
  full = false,
  rows,
}: FrameSpec): ArrayBuffer {
  const bytes: number[] = [];
  const put = (size: number, write: (view: DataView) => void): void => {
    const view = new DataView(new ArrayBuffer(size));
    write(view);
    for (let i = 0; i < size; i += 1) bytes.push(view.getUint8(i));
  };
  const align = (): void => {
    while (bytes.length % 4 !== 0) bytes.push(0);
  };
  const u16 = (value: number | null): number => (value === null ? 0xffff : Math.round(value * 10));
  const named = rows.filter((row) => row.id !== undefined);
  bytes.push(0x55, 0x54, 1, full ? 1 : 0);
  put(4, (v) => v.setUint32(0, rows.length, true));
  put(4, (v) => v.setUint32(0, named.length, true));
  put(8, (v) => v.setBigUint64(0, BigInt(seq), true));
  put(8, (v) => v.setFloat64(0, baseTsMs, true));
  for (const { handle, id = "" } of named) {
    put(4, (v) => v.setUint32(0, handle, true));
    bytes.push(id.length, ...[...id].map((c) => c.charCodeAt(0)));
  }
  align();
  const column = (size: number, write: (view: DataView, row: RowSpec) => void): void => {
    for (const row of rows) put(size, (view) => write(view, row));
    align();
  };
  column(4, (v, row) => v.setUint32(0, row.handle, true));
  column(4, (v, row) => v.setInt32(0, Math.round(row.lat * 1e7), true));
  column(4, (v, row) => v.setInt32(0, Math.round(row.lon * 1e7), true));
  column(2, (v, row) => v.setUint16(0, u16(row.speed), true));
  column(2, (v, row) => v.setUint16(0, u16(row.heading), true));
  column(4, (v, row) => v.setInt32(0, row.ageMs, true));
  column(1, (v, row) => v.setUint8(0, row.status));
  return Uint8Array.from(bytes).buffer;
}
