// Calendars of who is on call: made, changed and taken away.

import { ApiError } from "../api/client";
import type { Rights } from "../booking/rights";
import { FormDialog, type FormField } from "../money/form_dialog";
import { h } from "../ui/dom";
import type { NoticesApi } from "./api";
import { RotationFields } from "./rotation_fields";
import type { Calendar, Person } from "./types";

const WRITE = "oncall:write";
const ZONE = "Asia/Kolkata";

export class CalendarDialogs {
  private readonly api: NoticesApi;
  private readonly rights: Rights;
  private readonly dialog: FormDialog;
  private readonly done: () => void;

  constructor(api: NoticesApi, rights: Rights, dialog: FormDialog, done: () => void) {
    this.api = api;
    this.rights = rights;
    this.dialog = dialog;
    this.done = done;
  }

  /** Null: a new one. */
  async edit(calendar: Calendar | null, nowMs: number): Promise<void> {
    const rotations = new RotationFields(calendar?.rotations ?? [], await this.people(), nowMs);
    const id = input("");
    const name = input(calendar?.name ?? "");
    const zone = input(calendar?.time_zone ?? ZONE);
    const named: FormField = { pointer: "/id", label: "Id", input: id, hint: "control-room" };
    const send = async (): Promise<Calendar> => {
      const [said, time_zone] = [name.value.trim(), zone.value.trim()];
      const wish = { name: said, time_zone, rotations: rotations.read() };
      if (calendar === null) return this.api.make(id.value.trim(), wish);
      return this.api.change(calendar, wish);
    };
    this.dialog.open({
      title: calendar === null ? "New calendar" : `Change ${calendar.name}`,
      about: "Who stands in stays as it is.",
      fields: [
        { pointer: "/name", label: "Name", input: name },
        ...(calendar === null ? [named] : []),
        { pointer: "/time_zone", label: "Time zone", input: zone, hint: "of its hours" },
        { pointer: "/rotations", label: "Rotations", input: rotations.element },
      ],
      submit: calendar === null ? "Make it" : "Save",
      permission: WRITE,
      work: async () => {
        try {
          await send();
        } catch (error) {
          throw rotations.show(error);
        }
        return null;
      },
      done: this.done,
    });
  }

  remove(calendar: Calendar): void {
    this.dialog.open({
      title: `Remove ${calendar.name}`,
      about: "Its rotations and stand-ins are gone, and nobody is called by it any more.",
      fields: [],
      submit: "Remove it",
      permission: WRITE,
      work: async () => {
        await this.api.remove(calendar);
        return null;
      },
      done: this.done,
    });
  }

  /** Whoever may not see users types ids. */
  private async people(): Promise<Person[]> {
    if (!this.rights.may("users:read")) return [];
    try {
      return await this.api.people();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return [];
    }
  }
}

function input(value: string): HTMLInputElement {
  return h("input", { value, autocomplete: "off", spellcheck: "false" });
}
