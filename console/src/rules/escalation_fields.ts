// The three rows of an escalation: after how many minutes, and whose minutes count.

import { h } from "../ui/dom";
import { stepsOf, type TypedStep, typedSteps } from "./model";
import type { Step } from "./types";

interface Row {
  minutes: HTMLInputElement;
  work: HTMLInputElement;
  still: HTMLInputElement;
}

export class EscalationFields {
  readonly element: HTMLFieldSetElement;
  private readonly rows: readonly Row[];

  constructor(steps: readonly Step[]) {
    this.rows = typedSteps(steps).map(inputs);
    const rows = this.rows.map(({ minutes, work, still }, i) => {
      minutes.setAttribute("aria-label", `Minutes to level ${i + 1}`);
      return h(
        "div",
        { class: "step" },
        h("span", {}, `L${i + 1} after`),
        minutes,
        h("span", {}, "min"),
        check("of work", work),
        check("though seen", still),
      );
    });
    this.element = h(
      "fieldset",
      { class: "escalation", tabindex: "-1" },
      h("legend", {}, "Escalation"),
      ...rows,
    );
  }

  /** Undefined: some row is no number. */
  read(): Step[] | undefined {
    return stepsOf(
      this.rows.map(({ minutes, work, still }) => {
        const [inWorkingHours, thoughAcknowledged] = [work.checked, still.checked];
        return { minutes: minutes.value, inWorkingHours, thoughAcknowledged };
      }),
    );
  }
}

export function check(label: string, input: HTMLInputElement): HTMLElement {
  return h("label", { class: "check" }, input, ` ${label}`);
}

function inputs(step: TypedStep): Row {
  const minutes = h("input", { inputmode: "decimal", autocomplete: "off" });
  minutes.value = step.minutes;
  const [work, still] = [h("input", { type: "checkbox" }), h("input", { type: "checkbox" })];
  work.checked = step.inWorkingHours;
  still.checked = step.thoughAcknowledged;
  return { minutes, work, still };
}
