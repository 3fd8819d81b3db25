// The small label at the pointer: a truck's id, speed and age, or what happened there.

import type { Fleet } from "../fleet/fleet";
import type { Hover } from "../map/map_view";
import { h, replace } from "./dom";
import { ago, number } from "./format";

const OFFSET_PX = 14;

export class HoverTip {
  readonly element = h("div", { class: "hover-tip", hidden: true });
  private readonly fleet: Fleet;

  constructor(fleet: Fleet) {
    this.fleet = fleet;
  }

  /** `x` and `y` are within the map, which starts below the bar. */
  show(hover: Hover | null): void {
    this.element.hidden = hover === null;
    if (hover === null) return;
    const { what, x, y } = hover;
    if (typeof what === "string") replace(this.element, what);
    else {
      const age = `${ago(this.fleet.ageMs(what))} ago`;
      replace(this.element, h("b", {}, what.id), `${number(what.speedKmh, "km/h")} · ${age}`);
    }
    const top = y + (document.getElementById("map")?.offsetTop ?? 0);
    this.element.style.transform = `translate(${x + OFFSET_PX}px, ${top + OFFSET_PX}px)`;
  }
}
