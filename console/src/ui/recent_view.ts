// What the chosen truck did lately, as a list: trips, stops, times off its route; newest first.

import type { LatLon } from "../api/types";
import { Signal } from "../signal";
import { type Mark, placeAt, spansOf, type Story, summary } from "../story/story";
import { h, replace } from "./dom";
import { timeOfDay } from "./format";

export class RecentView {
  readonly element = h("details", { class: "recent", hidden: true });
  readonly located = new Signal<LatLon>();
  private readonly sum = h("summary", {});
  private readonly list = h("ol", {});

  constructor() {
    this.element.append(this.sum, this.list);
  }

  /** Not of what only stood or drove all the time, and of which nothing is known. */
  tells(story: Story): boolean {
    return spansOf(story).length > 0;
  }

  show(story: Story | null): void {
    const marks = story === null ? [] : spansOf(story);
    this.element.hidden = story === null || marks.length === 0;
    // Whoever is going through the list would lose their place in it.
    if (story === null || this.list.contains(document.activeElement)) return;
    replace(this.sum, summary(story));
    replace(this.list, ...marks.map((mark) => this.row(mark, story)));
  }

  private row(mark: Mark, story: Story): HTMLElement {
    const first = story.points[0];
    const go = (): void => {
      // What began before the track does is seen from where the track begins.
      const place = placeAt(story.points, mark.atMs) ?? first;
      if (place !== undefined) this.located.emit(place);
    };
    const time = h("time", {}, timeOfDay(mark.atMs));
    return h(
      "li",
      { class: `tone-${mark.tone}` },
      h("button", { type: "button", onclick: go }, time, h("span", {}, mark.words)),
    );
  }
}
