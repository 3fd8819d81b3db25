// The part of a truck's card about its journey: progress, on or off its route, expected arrival.

import { bandOf, type Followed, sayings, shareDone } from "../journey/journey";
import { h, ICONS, iconButton, replace } from "./dom";
import { number, timeOfDay } from "./format";

const PER_CENT = 100;

export class JourneyView {
  readonly element = h("section", { class: "journey", "aria-label": "Journey", hidden: true });
  private readonly onWhole: () => void;

  constructor(onWhole: () => void) {
    this.onWhole = onWhole;
  }

  show(followed: Followed | null, nowMs: number): void {
    this.element.hidden = followed === null;
    if (followed === null) return;
    const { journey, line } = followed;
    const share = shareDone(journey);
    const whole = iconButton(ICONS.route, "Show the whole route", this.onWhole);
    const hadFocus = this.element.contains(document.activeElement);
    const rows = sayings(journey, nowMs).map(({ name, words, mood }) =>
      h("div", {}, h("dt", {}, name), h("dd", { "data-mood": mood }, words)),
    );
    replace(
      this.element,
      h("div", { class: "row" }, h("h3", {}, journey.route.name), line !== null && whole),
      share !== null && progress(share, journey.route.length_m),
      h("dl", {}, ...rows),
      band(followed),
    );
    if (hadFocus) whole.focus();
  }
}

function progress(share: number, lengthM: number): HTMLElement {
  const percent = Math.floor(share * PER_CENT);
  const done = number((share * lengthM) / 1000, "", 1).trim();
  const words = `${done} of ${number(lengthM / 1000, "km", 1)} · ${percent} %`;
  const bar = h("progress", { max: PER_CENT, value: percent, "aria-label": "Progress" });
  return h("div", { class: "progress" }, bar, h("span", { class: "note" }, words));
}

/** The words beside it say the same: this is for the eye. */
function band({ journey }: Followed): HTMLElement | null {
  const found = bandOf(journey);
  if (found === null) return null;
  const at = (name: string, left: number, right = left): HTMLElement => {
    const element = h("i", { class: name });
    element.style.left = `${left * PER_CENT}%`;
    element.style.width = `${(right - left) * PER_CENT}%`;
    return element;
  };
  return h(
    "div",
    { class: "band", "aria-hidden": "true" },
    h(
      "div",
      { class: "scale" },
      at("p95", found.p50, found.p95),
      at("p80", found.p50, found.p80),
      at("p50", found.p50),
      found.promised === null ? null : at("promised", found.promised),
    ),
    h("span", {}, timeOfDay(found.fromMs)),
    h("span", {}, timeOfDay(found.toMs)),
  );
}
