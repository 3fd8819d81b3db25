// The fields of one override: for which alerts, when, and what is otherwise then.

import { kindWords, SEVERITY_WORDS } from "../alerts/words";
import type { FieldError } from "../api/client";
import { Fields } from "../booking/problems";
import { choice } from "../money/form_dialog";
import { Signal } from "../signal";
import { h } from "../ui/dom";
import { check, EscalationFields } from "./escalation_fields";
import { typedNumber } from "./model";
import { clockWords, DAYS, kindsWords, LISTS, listOf, placeIn, plain } from "./overrides";
import { PASSED_OVER } from "./rule_form";
import type { Override } from "./types";

type Input = HTMLInputElement | HTMLSelectElement;

const AS_IS = ["", "as it is"] as const;
const YES_NO = [AS_IS, ["true", "yes"], ["false", "no"]] as const;
const WHETHER = [["", "either way"], ...YES_NO.slice(1)] as const;
const SHARED = [
  AS_IS,
  ["none", "nobody"],
  ["shipper", "shipper"],
  ["carrier", "carrier"],
  ["shipper,carrier", "shipper and carrier"],
] as const;
const NUMBERS = [
  ["trigger", "Counts from", ""],
  ["clear", "Is over at", ""],
  ["trigger_s", "Must last, s", ""],
  ["clear_s", "Must be gone, s", ""],
  ["cool_down_s", "Quiet after, s", ""],
  ["late_s_max", "Told though late by, s", ""],
  ["expires_s", "Ends by itself after, s", ""],
] as const;
// What most overrides ask; the rest is folded.
const FEW = 4;

export class OverrideForm {
  readonly element = h("div", { class: "rule-form" });
  /** Every change; null: something typed is no value. */
  readonly changed = new Signal<Override | null>();
  private readonly fields: Fields;
  private readonly inputs = new Map<string, Input>();
  private readonly kinds = new Map<string, HTMLInputElement>();
  private readonly days = new Map<string, HTMLInputElement>();
  private readonly ownSteps = h("input", { type: "checkbox" });
  private readonly steps: EscalationFields;
  private readonly more = h("details", { class: "wide-field" });

  constructor(name: string, kinds: readonly string[], override: Override) {
    this.fields = new Fields(`override-${name}`);
    const { when, then } = override;
    const steps = then.escalation ?? null;
    this.ownSteps.checked = steps !== null;
    this.steps = new EscalationFields(steps ?? []);
    this.element.append(
      this.kindChoice(kinds, override),
      this.text("/rank", "Rank", String(override.rank), "the highest wins"),
      ...this.conditions(when),
      h("h4", { class: "wide-field" }, "Then"),
      this.select("/then/enabled", "Raised at all", YES_NO, then.enabled),
      this.select("/then/severity", "Severity", severities(), then.severity),
      ...NUMBERS.map(([key, label, hint]) => {
        return this.text(`/then/${key}`, label, said(then[key]), hint);
      }),
      this.select("/then/auto_resolve", "Resolved by itself", YES_NO, then.auto_resolve),
      this.select("/then/shared_with", "Shared with", SHARED, shared(then.shared_with)),
      check("Escalates in its own way", this.ownSteps),
      this.fields.add("/then/escalation", PASSED_OVER, this.steps.element),
    );
    this.drawSteps();
    this.element.addEventListener("input", () => this.read());
  }

  /** What the server says is wrong, at its field; the rest is given back. */
  show(errors: readonly FieldError[]): FieldError[] {
    const mine = errors.map((error) => ({ ...error, pointer: placeIn(error)?.field ?? "" }));
    // A field in the fold could not be gone to.
    if (mine.some(({ pointer }) => pointer.startsWith("/when"))) this.more.open = true;
    return this.fields.show(mine);
  }

  private kindChoice(kinds: readonly string[], override: Override): HTMLElement {
    const summary = h("summary", {}, `For ${kindsWords(override)}`);
    const boxes = kinds.map((kind) => {
      const box = h("input", { type: "checkbox" });
      box.checked = override.kinds.includes(kind);
      this.kinds.set(kind, box);
      return check(kindWords(kind), box);
    });
    const box = h("details", { class: "kind-choice", tabindex: "-1" }, summary, ...boxes);
    box.addEventListener("input", () => {
      const chosen = { ...override, kinds: checked(this.kinds) };
      summary.textContent = `For ${kindsWords(chosen)}`;
    });
    const field = this.fields.add("/kinds", "Which alerts", box, "none: all of them");
    field.classList.add("wide-field");
    return field;
  }

  private conditions(when: Override["when"]): HTMLElement[] {
    const lists = LISTS.map(([key, label, hint]) => {
      const values = when[key];
      const typed = Array.isArray(values) ? values.join(", ") : "";
      return this.text(`/when/${key}`, label, typed, hint);
    });
    const folded = [
      ...lists.slice(FEW),
      this.select("/when/is_on_trip", "On a trip", WHETHER, when.is_on_trip),
      this.text("/when/value_min", "Value from", said(when.value_min), ""),
      this.text("/when/value_max", "Value up to", said(when.value_max), ""),
    ];
    this.more.append(h("summary", {}, "More conditions"), h("div", { class: "rule-form" }));
    this.more.lastElementChild?.append(...folded);
    this.more.open = folded.some((each) => {
      return each.querySelector<Input>("input, select")?.value !== "";
    });
    return [
      h("h4", { class: "wide-field" }, "When all of this is so"),
      ...lists.slice(0, FEW),
      this.time("/when/from_time", "From", when.from_time, ""),
      this.time("/when/to_time", "Until", when.to_time, "may be the next day"),
      this.select("/when/is_loaded", "Loaded", WHETHER, when.is_loaded),
      this.dayChoice(when.days ?? []),
      this.more,
    ];
  }

  private dayChoice(days: readonly string[]): HTMLElement {
    const boxes = DAYS.map((day) => {
      const box = h("input", { type: "checkbox" });
      box.checked = days.includes(day);
      this.days.set(day, box);
      return check(day, box);
    });
    const all = h("div", { class: "day-choice", role: "group", "aria-label": "Days" }, ...boxes);
    return this.fields.add("/when/days", "On these days", all, "none: on all");
  }

  private text(pointer: string, label: string, value: string, hint: string): HTMLElement {
    const input = h("input", { value, autocomplete: "off", spellcheck: "false" });
    this.inputs.set(pointer, input);
    return this.fields.add(pointer, label, input, hint);
  }

  private time(pointer: string, label: string, value: unknown, hint: string): HTMLElement {
    const input = h("input", { type: "time", value: clockWords(said(value)) });
    this.inputs.set(pointer, input);
    return this.fields.add(pointer, label, input, hint);
  }

  private select(
    pointer: string,
    label: string,
    options: readonly (readonly [string, string])[],
    value: unknown,
  ): HTMLElement {
    const select = choice(options);
    select.value = said(value);
    this.inputs.set(pointer, select);
    return this.fields.add(pointer, label, select);
  }

  private drawSteps(): void {
    this.steps.element.disabled = !this.ownSteps.checked;
  }

  private read(): void {
    this.drawSteps();
    const wrong: FieldError[] = [];
    const parts: Record<string, Record<string, unknown>> = { when: {}, then: {} };
    for (const [pointer, input] of this.inputs) {
      const [, part = "", key = ""] = pointer.split("/");
      const value = valueOf(pointer, input.value.trim());
      if (value === undefined) wrong.push({ pointer, detail: "this is no number" });
      else if (parts[part] !== undefined) parts[part][key] = value;
    }
    const { when = {}, then = {} } = parts;
    if ((when["from_time"] === null) !== (when["to_time"] === null))
      wrong.push({ pointer: "/when/to_time", detail: "from and until belong together" });
    when["days"] = checked(this.days);
    const steps = this.ownSteps.checked ? this.steps.read() : null;
    if (steps === undefined)
      wrong.push({ pointer: "/then/escalation", detail: "minutes are no number" });
    then["escalation"] = steps;
    this.tell(wrong, { kinds: checked(this.kinds), rank: this.rank, when, then });
  }

  private tell(wrong: readonly FieldError[], override: Override): void {
    const at = document.activeElement;
    this.fields.show(wrong);
    if (at instanceof HTMLElement) at.focus();
    this.changed.emit(wrong.length > 0 ? null : plain(override));
  }

  private get rank(): number {
    return typedNumber(this.inputs.get("/rank")?.value ?? "") ?? 0;
  }
}

/** Undefined: it is no number where one is wanted; null: nothing is said. */
function valueOf(pointer: string, typed: string): unknown {
  const key = pointer.slice(pointer.lastIndexOf("/") + 1);
  if (LISTS.some(([name]) => name === key)) return listOf(typed);
  if (key === "shared_with" && typed !== "") return typed === "none" ? [] : typed.split(",");
  if (typed === "") return null;
  if (typed === "true" || typed === "false") return typed === "true";
  const isNumber = key === "rank" || key.startsWith("value_") || NUMBERS.some(([n]) => n === key);
  return isNumber ? typedNumber(typed) : typed;
}

function checked(boxes: ReadonlyMap<string, HTMLInputElement>): string[] {
  return [...boxes].filter(([, box]) => box.checked).map(([name]) => name);
}

function said(value: unknown): string {
  return value === null || value === undefined ? "" : String(value);
}

function shared(parties: readonly string[] | null | undefined): string | null {
  if (parties === null || parties === undefined) return null;
  // As its option is written, in whatever order they stand.
  return parties.length === 0 ? "none" : [...parties].sort().reverse().join(",");
}

function severities(): [string, string][] {
  return [[...AS_IS], ...Object.entries(SEVERITY_WORDS)];
}
