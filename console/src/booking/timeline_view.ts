// Everything that happened to a booking, the newest first, each step with what made it happen.

import { h, replace } from "../ui/dom";
import { clock } from "../ui/format";
import { empty, Redraw } from "./rows";
import type { Booking, Step } from "./types";
import { causeWords, placeWords, stepWords } from "./words";

// What was learned later than this after it happened came late.
const LATE_MS = 60_000;

export class TimelineView {
  readonly element = h("section", { class: "timeline", "aria-label": "Timeline" });
  private readonly redraw = new Redraw(this.element);

  show(booking: Booking, steps: readonly Step[]): void {
    this.redraw.with(steps, () => {
      const rows = steps.toReversed().map((step) => row(booking, step));
      replace(this.element, rows.length > 0 ? h("ol", {}, ...rows) : empty("Nothing yet."));
    });
  }
}

function row(booking: Booking, step: Step): HTMLElement {
  const stop = step.stop === null ? null : booking.stops.find(({ id }) => id === step.stop);
  const where = [step.leg, stop && placeWords(stop)].filter(Boolean).join(" · ");
  const lateMs = Date.parse(step.known_at) - Date.parse(step.at);
  const late = lateMs > LATE_MS ? ` (known ${clock(step.known_at)})` : "";
  return h(
    "li",
    { "data-step": step.type },
    h("time", { datetime: step.at, title: step.at }, clock(step.at) + late),
    h("b", {}, stepWords(step)),
    where !== "" && h("span", {}, where),
    h("span", { class: "soft" }, causeWords(step)),
  );
}
