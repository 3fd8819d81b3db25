// The fields of one kind's rule: what is typed is told as a rule, or as what is wrong with it.

import { SEVERITY_WORDS } from "../alerts/words";
import type { FieldError } from "../api/client";
import { Fields } from "../booking/problems";
import { choice } from "../money/form_dialog";
import { Signal } from "../signal";
import { h } from "../ui/dom";
import { check, EscalationFields } from "./escalation_fields";
import { fieldOf, MEASURES, typedNumber } from "./model";
import { named } from "./overrides";
import type { KindRule } from "./types";

const NUMBERS = [
  ["trigger", "Counts from", ""],
  ["clear", "Is over at", "no more than this; empty: when the cause is gone"],
  ["trigger_s", "Must last, s", "before it is raised"],
  ["clear_s", "Must be gone, s", "before it is resolved"],
  ["cool_down_s", "Quiet after, s", "the same cause raises none for so long"],
] as const;

export const PASSED_OVER = "Who did not act by then is passed over";

export class RuleForm {
  readonly element = h("div", { class: "rule-form" });
  /** Every change; null: something typed is no value. */
  readonly changed = new Signal<KindRule | null>();
  private readonly kind: string;
  private rule: KindRule;
  private readonly fields: Fields;
  private readonly enabled = h("input", { type: "checkbox" });
  private readonly resolves = h("input", { type: "checkbox" });
  private readonly severity: HTMLSelectElement;
  private readonly numbers = new Map<string, HTMLInputElement>();
  private readonly steps: EscalationFields;

  constructor(kind: string, rule: KindRule) {
    this.kind = kind;
    this.rule = rule;
    this.fields = new Fields(`rule-${kind}`);
    const severities = Object.entries(SEVERITY_WORDS).map(
      ([value, words]) => [value, words] as const,
    );
    this.severity = choice(severities);
    this.severity.value = rule.severity;
    this.enabled.checked = rule.enabled;
    this.resolves.checked = rule.auto_resolve;
    this.steps = new EscalationFields(rule.escalation);
    const measure = MEASURES[kind];
    const shown = NUMBERS.filter(
      ([name]) => measure !== undefined || !/^(trigger|clear)$/.test(name),
    );
    this.element.append(
      check("Raised at all", this.enabled),
      this.fields.add("severity", "Severity", this.severity),
      ...shown.map(([name, label, hint]) =>
        this.number(name, label, name === "trigger" ? (measure ?? "") : hint),
      ),
      check("Resolved by itself when the cause is gone", this.resolves),
      this.fields.add("escalation", PASSED_OVER, this.steps.element),
    );
    this.element.addEventListener("input", () => this.read());
  }

  /** What the server says is wrong, at its field; the rest is given back. */
  show(errors: readonly FieldError[]): FieldError[] {
    const mine = errors.map((error) => {
      const field = fieldOf(error.pointer ?? "", this.kind);
      if (field === null) return error;
      return { ...error, pointer: field === "" ? named("", error.detail) : `/${field}` };
    });
    return this.fields.show(
      mine.map((each) => ({ ...each, pointer: (each.pointer ?? "").replace(/^\//, "") })),
    );
  }

  private number(name: string, label: string, hint: string): HTMLElement {
    const value = this.rule[name];
    const input = h("input", { inputmode: "decimal", autocomplete: "off" });
    input.value = typeof value === "number" ? String(value) : "";
    this.numbers.set(name, input);
    return this.fields.add(name, label, input, hint);
  }

  private read(): void {
    this.fields.clear();
    const told: Record<string, number | null> = {};
    const wrong: FieldError[] = [];
    for (const [name, input] of this.numbers) {
      const value = typedNumber(input.value);
      if (value === undefined) wrong.push({ pointer: name, detail: "this is no number" });
      else told[name] = value;
    }
    const escalation = this.steps.read();
    if (escalation === undefined)
      wrong.push({ pointer: "escalation", detail: "minutes are no number" });
    if (wrong.length > 0 || escalation === undefined) {
      const at = document.activeElement;
      this.fields.show(wrong);
      if (at instanceof HTMLElement) at.focus();
      this.changed.emit(null);
      return;
    }
    this.changed.emit({
      ...this.rule,
      ...told,
      enabled: this.enabled.checked,
      severity: this.severity.value as KindRule["severity"],
      auto_resolve: this.resolves.checked,
      escalation,
    });
  }
}
