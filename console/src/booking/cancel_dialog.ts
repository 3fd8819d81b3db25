// Asks before a booking is cancelled, and says what is known of what that costs.

import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import { money } from "./money";
import { button } from "./rows";
import type { Booking } from "./types";
import { statusWords, wayWords } from "./words";

export class CancelDialog {
  readonly element = h("dialog", { class: "settings", "aria-label": "Cancel booking" });
  /** With the reason, which may be empty. */
  readonly decided = new Signal<string>();

  ask(booking: Booking): void {
    const reason = h("input", { id: "cancel-reason", placeholder: "optional" });
    const form = h(
      "form",
      {},
      h("h2", {}, "Cancel this booking?"),
      h("p", {}, `${wayWords(booking)}, ${statusWords(booking.status)}.`),
      h("p", { class: "soft" }, costWords(booking)),
      h("label", { for: "cancel-reason" }, "Reason"),
      reason,
      h(
        "div",
        { class: "actions" },
        button("Keep it", () => this.element.close()),
        h("button", { type: "submit", class: "primary" }, "Cancel the booking"),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.element.close();
      this.decided.emit(reason.value.trim());
    });
    replace(this.element, form);
    this.element.showModal();
    reason.focus();
  }
}

/** The charge is reckoned when it is cancelled, by rules that were agreed at its confirmation. */
export function costWords({ status, price }: Booking): string {
  if (status === "created") return "It is a draft: cancelling it costs nothing.";
  const of = price === null ? "" : ` Its price is ${money(price.agreed)}.`;
  return (
    `What cancelling costs depends on how far it is and on who cancels, as was agreed when it ` +
    `was confirmed.${of} A charge, if there is one, will stand under Price.`
  );
}
