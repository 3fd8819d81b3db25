// How far each leg is: its stops with their milestones, and the clock of waiting, to the second.

import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import { clock } from "../ui/format";
import { money } from "./money";
import { badge, button, Redraw } from "./rows";
import type { Booking, DetentionClock, Leg, Mark, StopProgress } from "./types";
import { countdown, milestoneWords, placeWords, sourceWords } from "./words";

const EVERY_MS = 1_000;

export class ProgressView {
  readonly element = h("section", { class: "progress-view", "aria-label": "Progress" });
  readonly truckWanted = new Signal<string>();
  private readonly redraw = new Redraw(this.element);
  private readonly now: () => number;
  private clocks: readonly DetentionClock[] = [];

  constructor(now: () => number) {
    this.now = now;
    window.setInterval(() => this.tick(), EVERY_MS);
  }

  show(booking: Booking, clocks: readonly DetentionClock[]): void {
    this.clocks = clocks;
    this.redraw.with([booking, clocks], () => {
      replace(this.element, ...booking.legs.map((leg) => this.legView(booking, leg)));
    });
    this.tick();
  }

  private legView(booking: Booking, leg: Leg): HTMLElement {
    const truck = leg.truck;
    const who = [leg.driver, leg.carrier].filter(Boolean).join(", ");
    return h(
      "article",
      { class: "leg-progress", "aria-label": `Leg ${leg.id}` },
      h(
        "div",
        { class: "row" },
        h("h3", {}, leg.id),
        badge(leg.status),
        truck !== null && button(truck, () => this.truckWanted.emit(truck), { class: "link" }),
        h("span", { class: "soft" }, who),
      ),
      leg.en_route !== null && h("p", { class: "soft" }, markWords("en_route", leg.en_route)),
      h("ol", {}, ...leg.stops.map((stop) => this.stopView(booking, leg, stop))),
    );
  }

  private stopView(booking: Booking, leg: Leg, progress: StopProgress): HTMLElement {
    const stop = booking.stops.find(({ id }) => id === progress.stop);
    const names = ["arrived", "working", "done", "left"] as const;
    const marks = names.flatMap((name) => {
      const mark = progress[name];
      return mark === null ? [] : [h("li", { title: sourceWords(mark) }, markWords(name, mark))];
    });
    const waiting = this.clocks.findIndex(
      (each) => each.leg === leg.id && each.stop === progress.stop,
    );
    return h(
      "li",
      { "data-done": String(progress.left !== null || progress.proven) },
      h("b", {}, `${stop?.kind ?? ""} · ${placeWords(stop)}`),
      windowOf(stop?.window?.from, stop?.window?.to),
      marks.length > 0 ? h("ul", {}, ...marks) : h("p", { class: "soft" }, "not there yet"),
      progress.proven && h("p", { class: "proven" }, "proven"),
      waiting >= 0 && h("p", { class: "clock", "data-clock": String(waiting) }),
    );
  }

  private tick(): void {
    for (const line of this.element.querySelectorAll<HTMLElement>("[data-clock]")) {
      const found = this.clocks[Number(line.dataset["clock"])];
      if (found === undefined) continue;
      const { words, mood } = clockWords(found, this.now());
      line.textContent = words;
      line.dataset["mood"] = mood;
    }
  }
}

/** Both sides see the same: free until, running since, owed by now. */
export function clockWords(
  waiting: DetentionClock,
  nowMs: number,
): { words: string; mood: "good" | "doubtful" | "bad" | "over" } {
  const { free_until, until, running_since, charge, payer } = waiting;
  const owed = `${money(charge)} by the ${payer}`;
  if (until !== null) {
    const lasted = countdown(Date.parse(until) - Date.parse(waiting.since));
    const words = charge.amount_minor > 0 ? `Waited ${lasted}: ${owed}` : `Waited ${lasted}, free`;
    return { words, mood: charge.amount_minor > 0 ? "bad" : "over" };
  }
  const freeMs = Date.parse(free_until) - nowMs;
  if (freeMs > 0 && running_since === null)
    return { words: `Waiting is free for ${countdown(freeMs)} more`, mood: "good" };
  const sinceMs = Date.parse(running_since ?? free_until);
  return { words: `Detention runs for ${countdown(nowMs - sinceMs)}: ${owed}`, mood: "bad" };
}

function markWords(name: string, mark: Mark): string {
  const by = mark.source === "truck" ? "" : ` (${sourceWords(mark)})`;
  return `${clock(mark.at)} ${milestoneWords(name)}${by}`;
}

function windowOf(from: string | null | undefined, to: string | null | undefined) {
  if (!from && !to) return null;
  const words = [from && `from ${clock(from)}`, to && `until ${clock(to)}`].filter(Boolean);
  return h("span", { class: "soft" }, words.join(" "));
}
