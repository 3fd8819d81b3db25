// How a truck gets from one fix to the next on screen: glide between known fixes, never beyond.

// A glide lasts as long as the fixes lie apart, so movement is even; at most this long, so that the
// picture never runs further behind the truth.
export const GLIDE_MAX_MS = 5_000;
// Fixes further apart than this say nothing about the way between them: jump.
export const GAP_MAX_MS = 60_000;

export interface Motion {
  fromX: number;
  fromY: number;
  toX: number;
  toY: number;
  startedMs: number;
  lastsMs: number;
}

export function resting(x: number, y: number, nowMs: number): Motion {
  return { fromX: x, fromY: y, toX: x, toY: y, startedMs: nowMs, lastsMs: 0 };
}

export function progress(motion: Motion, nowMs: number): number {
  if (motion.lastsMs <= 0) return 1;
  return Math.min(1, Math.max(0, (nowMs - motion.startedMs) / motion.lastsMs));
}

export function place(motion: Motion, nowMs: number): [x: number, y: number] {
  const part = progress(motion, nowMs);
  return [
    motion.fromX + (motion.toX - motion.fromX) * part,
    motion.fromY + (motion.toY - motion.fromY) * part,
  ];
}

/** Continues from where the truck is drawn now to its new fix, `apartMs` of device time later. */
export function headFor(
  motion: Motion,
  x: number,
  y: number,
  apartMs: number,
  nowMs: number,
): Motion {
  if (apartMs <= 0 || apartMs > GAP_MAX_MS) return resting(x, y, nowMs);
  const [fromX, fromY] = place(motion, nowMs);
  const lastsMs = Math.min(apartMs, GLIDE_MAX_MS);
  return { fromX, fromY, toX: x, toY: y, startedMs: nowMs, lastsMs };
}
