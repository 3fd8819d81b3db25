// What the portal is told by hand: that the goods need longer, or that another vehicle has them.

import type { Rights } from "../booking/rights";
import { h } from "../ui/dom";
import { choice, FormDialog, type FormField, wrong } from "../money/form_dialog";
import { clock } from "../ui/format";
import type { EwayApi } from "./api";
import type { EwayBill, Task } from "./types";
import { EXTENSION_REASONS, PART_B_REASONS, statesOfIndia, windowWords } from "./words";

const PIN_DIGITS = 6;

export class BillForms {
  private readonly api: EwayApi;
  private readonly dialog: FormDialog;
  private readonly changed: () => void;
  private readonly now: () => number;

  constructor(api: EwayApi, rights: Rights, now: () => number, changed: () => void) {
    this.api = api;
    this.dialog = new FormDialog(rights);
    this.now = now;
    this.changed = changed;
  }

  get element(): HTMLElement {
    return this.dialog.element;
  }

  extend(bill: EwayBill): void {
    const place = h("input", { placeholder: "where the goods are now" });
    const pin = h("input", { inputmode: "numeric", maxlength: PIN_DIGITS });
    const state = choice([["", "choose"], ...statesOfIndia()]);
    const left = h("input", { inputmode: "numeric" });
    const reason = choice(EXTENSION_REASONS);
    const remark = h("input", { maxlength: 50 });
    const vehicle = h("input", { placeholder: bill.vehicle ?? "", autocapitalize: "characters" });
    this.dialog.open({
      title: `Extend ${numberOf(bill)}`,
      about: `It ${windowWords(bill, this.now())}. The portal answers a moment later.`,
      fields: [
        { pointer: "/place", label: "Place", input: place },
        { pointer: "/pin", label: "PIN code", input: pin },
        { pointer: "/state", label: "State", input: state },
        { pointer: "/remaining_km", label: "Kilometres still to go", input: left },
        { pointer: "/reason", label: "Reason", input: reason },
        { pointer: "/remark", label: "Remark", input: remark },
        { pointer: "/vehicle", label: "Vehicle", input: vehicle, hint: "if another has it now" },
      ],
      submit: "Extend it",
      permission: "eway:write",
      work: async () => {
        await this.api.extend(bill, {
          ...{ place: said(place, "/place"), pin: whole(pin, "/pin") },
          ...{ state: said(state, "/state"), remaining_km: whole(left, "/remaining_km") },
          ...{ reason: Number(reason.value), remark: said(remark, "/remark") },
          ...(vehicle.value.trim() !== "" && { vehicle: vehicle.value.trim() }),
        });
        return null;
      },
      done: this.changed,
    });
  }

  partB(bill: EwayBill): void {
    const vehicle = h("input", { placeholder: "MH12AB1234", autocapitalize: "characters" });
    const place = h("input", { placeholder: "where it took the goods over" });
    const state = choice([["", "choose"], ...statesOfIndia()]);
    const reason = choice(PART_B_REASONS);
    const remark = h("input", { maxlength: 50, placeholder: "optional" });
    this.dialog.open({
      title: `Another vehicle for ${numberOf(bill)}`,
      about: bill.vehicle === null ? "It has none yet." : `${bill.vehicle} has the goods now.`,
      fields: [
        { pointer: "/vehicle", label: "Vehicle", input: vehicle },
        { pointer: "/place", label: "Place", input: place },
        { pointer: "/state", label: "State", input: state },
        { pointer: "/reason", label: "Reason", input: reason },
        { pointer: "/remark", label: "Remark", input: remark },
      ],
      submit: "Tell the portal",
      permission: "eway:report",
      work: async () => {
        await this.api.partB(bill, {
          ...{ vehicle: said(vehicle, "/vehicle"), place: said(place, "/place") },
          ...{ state: said(state, "/state"), reason: Number(reason.value) },
          ...(remark.value.trim() !== "" && { remark: remark.value.trim() }),
        });
        return null;
      },
      done: this.changed,
    });
  }

  done(task: Task): void {
    const note = h("input", { placeholder: "optional" });
    const field = { pointer: "/note", label: "Note", input: note };
    this.settle(task, "Done", field, () => this.api.finish(task, note.value.trim()));
  }

  dismiss(task: Task): void {
    const note = h("input", {});
    const field = { pointer: "/note", label: "Why it need not be done", input: note };
    this.settle(task, "Dismiss", field, () => this.api.dismiss(task, said(note, "/note")));
  }

  private settle(task: Task, words: string, field: FormField, work: () => Promise<Task>): void {
    const until = task.until === null ? "" : ` Until ${clock(task.until)}.`;
    this.dialog.open({
      title: words,
      about: `${task.title}.${until}`,
      fields: [field],
      submit: words,
      permission: "tasks:write",
      work: async () => {
        await work();
        return null;
      },
      done: this.changed,
    });
  }
}

export function numberOf({ number, document }: EwayBill): string {
  return number ?? `the draft for ${document.number}`;
}

function said(input: HTMLInputElement | HTMLSelectElement, pointer: string): string {
  const text = input.value.trim();
  if (text === "") throw wrong(pointer, "This is needed.");
  return text;
}

function whole(input: HTMLInputElement, pointer: string): number {
  const text = said(input, pointer);
  if (!/^\d{1,6}$/.test(text)) throw wrong(pointer, "Give a whole number.");
  return Number(text);
}
