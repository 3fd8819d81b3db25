// What edited rules would have raised over the last days, beside those that hold now.

import { kindWords, SEVERITY_WORDS, whoseWords } from "../alerts/words";
import { table } from "../money/rows";
import { h, replace } from "../ui/dom";
import { clock } from "../ui/format";
import { compared, type Comparison, totals } from "./model";
import type { Backtest, BacktestSample } from "./types";

const SAMPLES = 20;

export class BacktestView {
  readonly element = h("section", { class: "backtest", "aria-label": "Back-test" });

  busy(days: number): void {
    this.element.setAttribute("aria-busy", "true");
    replace(
      this.element,
      h("p", { class: "soft", role: "status" }, `Going through ${days} days …`),
    );
  }

  failed(words: string): void {
    this.element.removeAttribute("aria-busy");
    replace(this.element, h("p", { class: "notice bad", role: "alert" }, words));
  }

  clear(): void {
    replace(this.element);
  }

  show(found: Backtest): void {
    this.element.removeAttribute("aria-busy");
    const lines = compared(found.counts);
    const { before, after } = totals(lines);
    const left = found.left_out.map(kindWords).join(", ");
    replace(
      this.element,
      h("h3", {}, "Back-test"),
      h("p", { role: "status", class: "total-line" }, summaryWords(before, after)),
      h(
        "p",
        { class: "soft" },
        `${clock(found.from)} to ${clock(found.to)}, ${found.facts.toLocaleString("en-IN")} facts.`,
      ),
      found.cut !== null && h("p", { class: "notice" }, found.cut),
      left !== "" &&
        h("p", { class: "soft" }, `Not among them, since no fact tells them: ${left}.`),
      lines.length > 0 &&
        table("Back-test by kind and lane", ["Kind", "Lane", "Now", "Edited"], lines.map(lineRow)),
      this.samples(found.sample),
    );
  }

  private samples(sample: readonly BacktestSample[]): HTMLElement | null {
    if (sample.length === 0) return null;
    const rows = sample.slice(0, SAMPLES).map((each) => {
      const what = `${SEVERITY_WORDS[each.severity]} · ${kindWords(each.kind)}`;
      const head = `${clock(each.raised_at ?? each.began_at)} · ${what}`;
      const below = [whoseWords(each), each.lane, each.text].filter(Boolean).join(" · ");
      return h("li", {}, h("span", {}, head), h("span", { class: "soft" }, below));
    });
    const words = `Some of what they would have raised (${rows.length})`;
    const list = h("ol", { class: "life", "aria-label": "Sample" }, ...rows);
    return h("details", { "data-key": "sample" }, h("summary", {}, words), list);
  }
}

export function summaryWords(before: number, after: number): string {
  const count = `${after} ${after === 1 ? "alert" : "alerts"} with these rules`;
  if (before === after) return `${count}, as many as now.`;
  const change = Math.abs(after - before);
  return `${count}, ${change} ${after > before ? "more" : "fewer"} than now (${before}).`;
}

function lineRow({ kind, lane, before, after }: Comparison): HTMLElement {
  const mood = after > before ? "bad" : after < before ? "good" : undefined;
  return h(
    "tr",
    { "data-kind": kind },
    h("th", { scope: "row" }, kindWords(kind)),
    h("td", {}, lane ?? "no lane"),
    h("td", {}, String(before)),
    h("td", { "data-mood": mood }, String(after)),
  );
}
