// How long to wait before the next attempt: doubling, capped, with full jitter.

export interface Backoff {
  firstMs: number;
  maxMs: number;
}

/** Between half and all of the doubled wait, so that a thousand consoles do not return at once. */
export function waitMs(attempt: number, backoff: Backoff, random: () => number): number {
  const ceiling = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempt, 20));
  return ceiling * (0.5 + 0.5 * random());
}
