// One stop of a new booking: pickup or drop, where, when, and how much of the load.

import type { Fence, LatLon } from "../api/types";
import { h, replace } from "../ui/dom";
import { middleOf, placeOf, placeText } from "./places";
import type { Fields } from "./problems";
import { button } from "./rows";
import type { StopWish } from "./types";

export interface StopActions {
  pick: (stop: StopFields) => void;
  remove: (stop: StopFields) => void;
  moved: () => void;
}

export class StopFields {
  readonly element = h("fieldset", { class: "stop" });
  private readonly legend = h("legend", {});
  private readonly kind: HTMLSelectElement;
  private readonly place = h("input", { placeholder: "18.52, 73.86", autocomplete: "off" });
  private readonly fence = h("select", {});
  private readonly named = h("input", { placeholder: "as the driver knows it" });
  private readonly state = h("input", { placeholder: "27", maxlength: "2", inputmode: "numeric" });
  private readonly weight = h("input", { inputmode: "decimal", placeholder: "what remains" });
  private readonly from = h("input", { type: "datetime-local" });
  private readonly to = h("input", { type: "datetime-local" });
  private readonly picking: HTMLButtonElement;
  private readonly removing: HTMLButtonElement;
  private readonly actions: StopActions;
  private fences: readonly Fence[] = [];

  constructor(kind: StopWish["kind"], fences: readonly Fence[], actions: StopActions) {
    this.actions = actions;
    const [pickup, drop] = (["pickup", "drop"] as const).map((value) => {
      return h("option", { value, selected: value === kind }, value);
    });
    this.kind = h("select", {}, pickup, drop);
    this.kind.addEventListener("change", () => actions.moved());
    this.picking = button("Choose on the map", () => actions.pick(this));
    this.showPicking(false);
    this.removing = button("Remove this stop", () => actions.remove(this), { class: "link" });
    this.place.addEventListener("input", () => {
      this.fence.value = "";
      actions.moved();
    });
    this.fence.addEventListener("change", () => this.goToFence());
    this.offer(fences);
  }

  get at(): LatLon | null {
    return placeOf(this.place.value);
  }

  get isPickup(): boolean {
    return this.kind.value === "pickup";
  }

  offer(fences: readonly Fence[]): void {
    this.fences = fences.filter((fence) => middleOf(fence) !== null);
    const chosen = this.fence.value;
    const options = this.fences.map(({ id, name }) => h("option", { value: id }, name));
    replace(this.fence, h("option", { value: "" }, "none"), ...options);
    this.fence.value = chosen;
  }

  /** Draws it as the stop of this number; its fields are found by their new pointers. */
  number(index: number, fields: Fields, mayRemove: boolean): void {
    const at = `/stops/${index}`;
    this.legend.textContent = `Stop ${index + 1}`;
    this.removing.hidden = !mayRemove;
    replace(
      this.element,
      this.legend,
      h(
        "div",
        { class: "pair" },
        fields.add(`${at}/kind`, "What for", this.kind),
        fields.add(`${at}/weight_t`, "Tons", this.weight, "if there are several"),
      ),
      fields.add(`${at}/place`, "Place", this.place, "latitude, longitude"),
      this.picking,
      h(
        "div",
        { class: "pair" },
        fields.add(`${at}/place/fence`, "Fence", this.fence),
        fields.add(`${at}/place/name`, "Name", this.named),
      ),
      fields.add(`${at}/window`, "Not before", this.from),
      fields.add(`${at}/window/to`, "Not after", this.to),
      fields.add(`${at}/place/state`, "GST state", this.state, "two digits, for the tax"),
      this.removing,
    );
  }

  put(at: LatLon): void {
    this.place.value = placeText(at);
    this.fence.value = "";
    this.showPicking(false);
    this.place.focus();
    this.actions.moved();
  }

  showPicking(is: boolean): void {
    this.picking.setAttribute("aria-pressed", String(is));
    this.picking.textContent = is ? "Now click on the map …" : "Choose on the map";
  }

  wish(): StopWish {
    const at = this.at ?? { lat: Number.NaN, lon: Number.NaN };
    const said = (input: HTMLInputElement | HTMLSelectElement): string => input.value.trim();
    const window = {
      ...(this.from.value !== "" && { from: new Date(this.from.value).toISOString() }),
      ...(this.to.value !== "" && { to: new Date(this.to.value).toISOString() }),
    };
    return {
      kind: this.isPickup ? "pickup" : "drop",
      place: {
        ...at,
        ...(said(this.named) !== "" && { name: said(this.named) }),
        ...(said(this.fence) !== "" && { fence: said(this.fence) }),
        ...(said(this.state) !== "" && { state: said(this.state) }),
      },
      ...(said(this.weight) !== "" && { weight_t: Number(said(this.weight)) }),
      ...(Object.keys(window).length > 0 && { window }),
    };
  }

  private goToFence(): void {
    const fence = this.fences.find(({ id }) => id === this.fence.value);
    const middle = fence === undefined ? null : middleOf(fence);
    if (fence === undefined || middle === null) return;
    this.place.value = placeText(middle);
    if (this.named.value === "") this.named.value = fence.name;
    this.actions.moved();
  }
}
