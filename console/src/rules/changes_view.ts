// What is not saved yet, value by value, and what can be done with it: tried, saved, forgotten.

import { kindWords } from "../alerts/words";
import type { Rights } from "../booking/rights";
import { button } from "../booking/rows";
import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import { type Difference, differences, fieldWords, typedNumber } from "./model";
import { overrideDifferences } from "./overrides";
import type { Edits, Kinds, Overrides } from "./types";

const DAYS = "7";

export class ChangesView {
  readonly element = h("div", { class: "rule-changes" });
  readonly tried = new Signal<{ days: number; lane: string }>();
  readonly saved = new Signal<string>();
  readonly forgotten = new Signal<void>();
  private readonly rights: Rights;
  private readonly days = h("input", { value: DAYS, inputmode: "numeric", "aria-label": "Days" });
  private readonly lane = h("input", { placeholder: "all lanes", "aria-label": "Lane" });
  private readonly reason = h("input", { placeholder: "why?", "aria-label": "Reason" });

  constructor(rights: Rights) {
    this.rights = rights;
  }

  draw(edits: Edits, kinds: Kinds, overrides: Overrides): void {
    const lines = [...kindLines(edits, kinds), ...overrideLines(edits, overrides)];
    if (lines.length === 0) {
      replace(this.element);
      return;
    }
    const may = this.rights.may("config:write");
    replace(
      this.element,
      h("h3", {}, "Not saved yet"),
      h("ul", {}, ...lines),
      this.rights.may("alerts:rules") && this.trying(),
      may && this.saving(),
      !may &&
        h("p", { class: "soft" }, "You may look at the rules, and not change them (config:write)."),
    );
  }

  clearReason(): void {
    this.reason.value = "";
  }

  focusReason(): void {
    this.reason.focus();
  }

  private trying(): HTMLElement {
    const ask = (): void => {
      const days = typedNumber(this.days.value) ?? Number(DAYS);
      this.tried.emit({ days, lane: this.lane.value.trim() });
    };
    return h(
      "div",
      { class: "try row" },
      h("span", {}, "Try it on the last"),
      this.days,
      h("span", {}, "days,"),
      this.lane,
      button("Back-test", ask),
    );
  }

  private saving(): HTMLElement {
    const save = (): void => this.saved.emit(this.reason.value.trim());
    return h(
      "div",
      { class: "row" },
      this.reason,
      button("Save as a new version", save, { class: "primary" }),
      button("Forget it", () => this.forgotten.emit()),
    );
  }
}

function kindLines({ kinds }: Edits, holds: Kinds): HTMLElement[] {
  return Object.entries(kinds).flatMap(([kind, rule]) => {
    return differences(holds[kind], rule).map((each) => {
      return lineOf(`${kindWords(kind)}: ${fieldWords(each.name)}`, each);
    });
  });
}

function overrideLines({ overrides, removed }: Edits, holds: Overrides): HTMLElement[] {
  const changed = Object.entries(overrides).flatMap(([name, each]) => {
    return overrideDifferences(holds[name], each).map((found) => {
      return lineOf(`${name}: ${found.name}`, found);
    });
  });
  const gone = removed.map((name) => h("li", {}, h("del", {}, name), " is taken away"));
  return [...changed, ...gone];
}

function lineOf(words: string, { before, after }: Difference): HTMLElement {
  return h("li", {}, `${words} `, before !== "" && h("del", {}, before), " ", h("ins", {}, after));
}
