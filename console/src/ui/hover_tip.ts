// The small label beside a truck under the pointer: id, speed, age.

import type { Fleet, Truck } from "../fleet/fleet";
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
  show(hover: { truck: Truck; x: number; y: number } | null): void {
    this.element.hidden = hover === null;
    if (hover === null) return;
    const { truck, x, y } = hover;
    const age = `${ago(this.fleet.ageMs(truck))} ago`;
    replace(this.element, h("b", {}, truck.id), `${number(truck.speedKmh, "km/h")} · ${age}`);
    const top = y + (document.getElementById("map")?.offsetTop ?? 0);
    this.element.style.transform = `translate(${x + OFFSET_PX}px, ${top + OFFSET_PX}px)`;
  }
}
