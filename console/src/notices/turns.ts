// Who is on call when: the turns of a calendar's rotations, with who stands in. Pure.

import type { Calendar } from "./types";

const HOUR_MS = 3_600_000;
// A turn of an hour over months would be a wall.
const TURNS_MAX = 400;

export interface Turn {
  level: number;
  person: string;
  fromMs: number;
  toMs: number;
  isStandIn: boolean;
  /** Only within these hours of a day; null: always. */
  hours: string | null;
}

export function turnsBetween(calendar: Calendar, fromMs: number, toMs: number): Turn[] {
  const standIns = calendar.overrides
    .map(({ level, person, from, to }): Turn => {
      const [beginMs, endMs] = [Date.parse(from), Date.parse(to)];
      return { level, person, fromMs: beginMs, toMs: endMs, isStandIn: true, hours: null };
    })
    .filter((turn) => turn.toMs > fromMs && turn.fromMs < toMs)
    .map((turn) => clipped(turn, fromMs, toMs));
  const regular = calendar.rotations.flatMap((rotation) => regularTurns(rotation, fromMs, toMs));
  const left = regular.flatMap((turn) => without(turn, standIns));
  return [...left, ...standIns].sort((a, b) => a.level - b.level || a.fromMs - b.fromMs);
}

function regularTurns(
  { level, people, begins_at, turn_hours, hours }: Calendar["rotations"][number],
  fromMs: number,
  toMs: number,
): Turn[] {
  const [beginsMs, lengthMs] = [Date.parse(begins_at), turn_hours * HOUR_MS];
  const first = Math.max(0, Math.floor((fromMs - beginsMs) / lengthMs));
  const said = hours === null || hours.from_clock === hours.to_clock ? null : hours;
  const turns: Turn[] = [];
  for (let nr = first; turns.length < TURNS_MAX; nr += 1) {
    const begin = beginsMs + nr * lengthMs;
    if (begin >= toMs) break;
    const turn = {
      level,
      person: people[nr % people.length] ?? "",
      fromMs: begin,
      toMs: begin + lengthMs,
      isStandIn: false,
      hours: said === null ? null : `${said.from_clock} to ${said.to_clock}`,
    };
    turns.push(clipped(turn, fromMs, toMs));
  }
  return turns;
}

function clipped(turn: Turn, fromMs: number, toMs: number): Turn {
  return { ...turn, fromMs: Math.max(turn.fromMs, fromMs), toMs: Math.min(turn.toMs, toMs) };
}

/** What is left of a turn where nobody stands in on its level. */
function without(turn: Turn, standIns: readonly Turn[]): Turn[] {
  let left = [turn];
  for (const other of standIns.filter(({ level }) => level === turn.level)) {
    left = left.flatMap((part) => {
      if (other.toMs <= part.fromMs || other.fromMs >= part.toMs) return [part];
      const before = { ...part, toMs: other.fromMs };
      const after = { ...part, fromMs: other.toMs };
      return [before, after].filter((each) => each.toMs > each.fromMs);
    });
  }
  return left;
}
