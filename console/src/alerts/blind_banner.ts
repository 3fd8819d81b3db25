// What must not be overlooked: that nobody watches, that this page is cut off, what was missed.

import { button } from "../booking/rows";
import { h, replace } from "../ui/dom";
import { timeOfDay } from "../ui/format";
import type { Sight } from "./types";
import { blindWords, missedWords } from "./words";

const SEEN_KEY = "ubertruck.missed-seen";

export class BlindBanner {
  readonly element = h("div", { class: "blind-banner" });
  private sight: Sight | null = null;
  private cutSinceMs: number | null = null;
  private trouble: string | null = null;
  private last = "";

  show(sight: Sight | null): void {
    this.sight = sight;
    this.draw();
  }

  /** Since when this page hears nothing of the server. */
  cutOff(sinceMs: number | null): void {
    this.cutSinceMs = sinceMs;
    this.draw();
  }

  /** Why the list could not be had. */
  failed(trouble: string | null): void {
    this.trouble = trouble;
    this.draw();
  }

  get isShown(): boolean {
    return this.element.childElementCount > 0;
  }

  private draw(): void {
    const facts = JSON.stringify([this.sight, this.cutSinceMs, this.trouble, seenMissed()]);
    if (facts === this.last) return;
    this.last = facts;
    replace(this.element, this.cut(), this.blind(), this.missed());
  }

  private cut(): HTMLElement | null {
    if (this.cutSinceMs === null && this.trouble === null) return null;
    const since = this.cutSinceMs === null ? "" : ` since ${timeOfDay(this.cutSinceMs)}`;
    const words = `This page is cut off from the server${since}: what stands here may be old.`;
    return h("p", { class: "blind-note", role: "alert" }, h("b", {}, words), this.trouble);
  }

  private blind(): HTMLElement | null {
    const words = this.sight === null ? null : blindWords(this.sight);
    if (words === null || this.sight === null) return null;
    return h(
      "div",
      { class: "blind", role: "alert" },
      h("b", {}, words),
      h("p", {}, "Quiet means nothing now: alerts may be missing. Call drivers where it matters."),
      ...this.sight.why.map((why) => h("p", {}, why)),
    );
  }

  /** After the recovery, until somebody has read it. */
  private missed(): HTMLElement | null {
    const missed = this.sight?.missed_possible ?? [];
    if (missed.length === 0 || this.sight?.watching !== "ok") return null;
    const mark = JSON.stringify(missed);
    if (seenMissed() === mark) return null;
    const read = (): void => {
      localStorage.setItem(SEEN_KEY, mark);
      this.draw();
    };
    return h(
      "div",
      { class: "missed", role: "status", "aria-label": "What may have been missed" },
      h("b", {}, "We see again. In between something may have been missed:"),
      h("ul", {}, ...missed.map((each) => h("li", {}, missedWords(each)))),
      button("I have looked through it", read),
    );
  }
}

function seenMissed(): string | null {
  return localStorage.getItem(SEEN_KEY);
}
