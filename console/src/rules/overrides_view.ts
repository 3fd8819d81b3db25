// Overrides of the rules: which goes before which, and one of them edited in place.

import type { FieldError } from "../api/client";
import type { Rights } from "../booking/rights";
import { button, empty, walk } from "../booking/rows";
import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import { OverrideForm } from "./override_form";
import {
  editedOverrides,
  inOrder,
  kindsWords,
  nameProblem,
  NEW,
  overridesOf,
  placeIn,
  removedOverrides,
  thenWords,
  whenWords,
} from "./overrides";
import type { ConfigTree, Override, Overrides } from "./types";

const FIRST_WINS = "Where several fit, the one that stands higher wins, value by value.";
const NONE = "There are none: the rules above hold everywhere and always.";

export class OverridesView {
  readonly element = h("section", { class: "overrides", "aria-label": "Overrides" });
  readonly changed = new Signal<void>();
  private readonly list = h("ol", { class: "kinds", "aria-label": "Overrides" });
  private readonly note = h("div");
  private readonly place = h("div", { class: "rule-place" });
  private readonly making: HTMLElement;
  private readonly rights: Rights;
  private kinds: readonly string[] = [];
  private holds: Overrides = {};
  private draft: Overrides = {};
  /** Set for all tenants: they can be laid over, and not taken away. */
  private inherited: ReadonlySet<string> = new Set();
  private chosen: string | null = null;
  private form: OverrideForm | null = null;
  private isNamed = true;
  private isTyped = true;

  constructor(rights: Rights) {
    this.list.addEventListener("keydown", (event) => {
      walk(event, [...this.list.querySelectorAll<HTMLElement>("button")]);
    });
    this.rights = rights;
    this.making = button("New override", () => this.make());
    // Until it is known what holds: what was typed before would be lost then.
    this.making.hidden = true;
    const head = h("div", { class: "row" }, h("h3", {}, "Overrides"), this.making);
    this.element.append(head, this.note, this.list, this.place);
  }

  load({ value, leaves }: ConfigTree): void {
    this.making.hidden = !this.rights.may("config:write") && !this.rights.may("alerts:rules");
    this.kinds = Object.keys(value.kinds).sort();
    this.holds = overridesOf(value);
    this.draft = { ...this.holds };
    const others = leaves.filter(({ origin }) => origin?.path.startsWith("/*/"));
    this.inherited = new Set(others.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)));
    this.close();
  }

  /** Whether all that is typed are values. */
  get isSound(): boolean {
    return this.isNamed && this.isTyped;
  }

  get before(): Overrides {
    return this.holds;
  }

  get edits(): { overrides: Overrides; removed: string[] } {
    const names = editedOverrides(this.holds, this.draft);
    const found = names.map((name) => [name, this.draft[name]] as [string, Override]);
    const removed = removedOverrides(this.holds, this.draft);
    return { overrides: Object.fromEntries(found), removed };
  }

  /** At their fields, the first override that is meant opened; the rest is given back. */
  show(errors: readonly FieldError[]): FieldError[] {
    const meant = errors.map(placeIn).find((place) => place !== null && place.name in this.draft);
    if (!meant) return [...errors];
    if (this.chosen !== meant.name) this.open(meant.name);
    const mine = errors.filter((error) => placeIn(error)?.name === meant.name);
    const left = errors.filter((error) => !mine.includes(error));
    return [...left, ...(this.form?.show(mine) ?? mine)];
  }

  private draw(): void {
    const all = inOrder(this.draft);
    replace(this.note, all.length === 0 ? empty(NONE) : h("p", { class: "soft" }, FIRST_WINS));
    replace(this.list, ...all.map(([name, each]) => this.row(name, each)));
  }

  private row(name: string, each: Override): HTMLElement {
    const isEdited = name in this.edits.overrides;
    return h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: "kind",
          "data-key": name,
          "aria-expanded": String(name === this.chosen),
          onclick: () => (name === this.chosen ? this.close() : this.open(name)),
        },
        h("span", { class: "soft rank" }, `rank ${each.rank}`),
        h("b", {}, name),
        h("span", { class: "soft" }, `${kindsWords(each)} · ${whenWords(each.when)}`),
        h("span", { class: "soft then" }, thenWords(each.then)),
        isEdited && h("em", {}, name in this.holds ? "edited" : "new"),
      ),
    );
  }

  private open(name: string): void {
    const override = this.draft[name];
    if (override === undefined) return;
    this.chosen = name;
    this.isNamed = this.isTyped = true;
    const form = new OverrideForm(name, this.kinds, override);
    this.form = form;
    form.changed.on((typed) => this.typed(typed));
    const remove = button("Remove", () => this.remove());
    remove.hidden = this.inherited.has(name);
    const done = button("Done", () => this.close());
    const buttons = h("div", { class: "actions" }, remove, done);
    const box = h(
      "section",
      { class: "rule-box", "aria-label": `Override: ${name}` },
      h("div", { class: "row" }, h("h3", {}, name), buttons),
      name in this.holds ? null : this.nameField(name),
      form.element,
    );
    replace(this.place, box);
    this.draw();
    box.scrollIntoView({ block: "nearest" });
    box.querySelector<HTMLElement>("input, summary")?.focus({ preventScroll: true });
  }

  private close(): void {
    const last = this.chosen;
    this.chosen = null;
    this.form = null;
    // What was no value is not in the draft.
    this.isNamed = this.isTyped = true;
    replace(this.place);
    this.draw();
    if (last !== null)
      this.list.querySelector<HTMLElement>(`[data-key="${CSS.escape(last)}"]`)?.focus();
  }

  private make(): void {
    let nr = Object.keys(this.draft).length + 1;
    while (`override-${nr}` in this.draft) nr += 1;
    this.draft = { ...this.draft, [`override-${nr}`]: NEW };
    this.open(`override-${nr}`);
    this.changed.emit();
  }

  private remove(): void {
    const { [this.chosen ?? ""]: _gone, ...rest } = this.draft;
    this.draft = rest;
    this.close();
    this.changed.emit();
  }

  private typed(override: Override | null): void {
    this.isTyped = override !== null;
    if (override !== null && this.chosen !== null)
      this.draft = { ...this.draft, [this.chosen]: override };
    this.draw();
    this.changed.emit();
  }

  /** Of one that nobody has saved yet; later it is what its history is told by. */
  private nameField(name: string): HTMLElement {
    const input = h("input", { value: name, autocomplete: "off", spellcheck: "false" });
    const note = h("p", { class: "field-error", role: "alert", hidden: true });
    input.addEventListener("input", () => {
      const typed = input.value.trim();
      const taken = Object.keys(this.draft).filter((each) => each !== this.chosen);
      const problem = nameProblem(typed, taken);
      note.textContent = problem;
      note.hidden = problem === null;
      input.setAttribute("aria-invalid", String(problem !== null));
      this.isNamed = problem === null;
      if (problem === null) this.rename(typed);
      this.changed.emit();
    });
    return h("label", { class: "field" }, "Name", input, note);
  }

  private rename(to: string): void {
    const { [this.chosen ?? ""]: mine = NEW, ...rest } = this.draft;
    this.draft = { ...rest, [to]: mine };
    this.chosen = to;
    const box = this.place.firstElementChild;
    box?.setAttribute("aria-label", `Override: ${to}`);
    replace(box?.querySelector("h3") ?? h("h3"), to);
    this.draw();
  }
}
