// The rotations of a calendar as they are typed: who takes turns, from when on, for how long.

import { ApiError, type FieldError } from "../api/client";
import { Fields } from "../booking/problems";
import { button } from "../booking/rows";
import { localOf, momentOf, typedList } from "../hooks/words";
import { choice, wrong } from "../money/form_dialog";
import { h } from "../ui/dom";
import type { Person, Rotation } from "./types";

const LEVELS = [
  ["1", "L1, called first"],
  ["2", "L2"],
  ["3", "L3"],
] as const;
const WEEK_HOURS = 168;
// Ids of fields are the page's: two rotations must not share any.
let rotations = 0;

export class RotationFields {
  readonly element = h("div", { class: "rotations", tabindex: "-1" });
  private readonly people: readonly Person[];
  private readonly nowMs: number;
  private rows: RotationRow[] = [];

  constructor(given: readonly Rotation[], people: readonly Person[], nowMs: number) {
    this.people = people;
    this.nowMs = nowMs;
    this.element.append(button("Add a rotation", () => this.add(null).focus()));
    for (const each of given) this.add(each);
    // Gone to for what is wrong in it: on to the field that it is about.
    this.element.addEventListener("focus", () => {
      this.element.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    });
  }

  /** Refuses what could not be asked for. */
  read(): Rotation[] {
    return this.rows.map((row, nr) => row.read(`/rotations/${nr}`));
  }

  /** What is wrong with a rotation, at its field; the rest is given back. */
  show(error: unknown): unknown {
    if (!(error instanceof ApiError)) return error;
    const mine = this.rows.map((row, nr) => row.show(error.errors, `/rotations/${nr}`));
    const seen = mine.flat();
    if (seen.length === 0) return error;
    const left = error.errors.filter((each) => !seen.includes(each));
    const marked = { pointer: "/rotations", detail: "see what is marked above" };
    return new ApiError(error.status, error.message, error.correlationId, [...left, marked]);
  }

  private add(rotation: Rotation | null): RotationRow {
    const row = new RotationRow(rotation, this.people, this.nowMs, () => {
      this.rows = this.rows.filter((each) => each !== row);
      row.element.remove();
    });
    this.rows.push(row);
    this.element.insertBefore(row.element, this.element.lastElementChild);
    return row;
  }
}

class RotationRow {
  readonly element: HTMLElement;
  private readonly rotation: Rotation | null;
  private readonly fields: Fields;
  private readonly level = choice(LEVELS);
  private readonly people = h("input", { autocomplete: "off", spellcheck: "false" });
  private readonly begins = h("input", { type: "datetime-local" });
  private readonly turn = h("input", { inputmode: "numeric", autocomplete: "off" });
  private readonly from = h("input", { type: "time" });
  private readonly to = h("input", { type: "time" });

  constructor(
    rotation: Rotation | null,
    people: readonly Person[],
    nowMs: number,
    remove: () => void,
  ) {
    rotations += 1;
    this.fields = new Fields(`rotation-${rotations}`);
    this.rotation = rotation;
    this.level.value = String(rotation?.level ?? 1);
    this.people.value = rotation?.people.join(", ") ?? "";
    this.begins.value = localOf(rotation === null ? nowMs : Date.parse(rotation.begins_at));
    this.turn.value = String(rotation?.turn_hours ?? WEEK_HOURS);
    this.from.value = rotation?.hours?.from_clock ?? "";
    this.to.value = rotation?.hours?.to_clock ?? "";
    const field = this.fields.add.bind(this.fields);
    const who = field("/people", "Who", this.people, "ids of users, in the order of their turns");
    const choosing = this.choosing(people);
    if (choosing !== null) who.append(choosing);
    this.element = h(
      "fieldset",
      { class: "stop" },
      h("legend", {}, "Rotation"),
      field("/level", "Level", this.level),
      who,
      field("/begins_at", "The first turn begins", this.begins),
      field("/turn_hours", "A turn lasts, h", this.turn, "168: a week"),
      h(
        "div",
        { class: "pair" },
        field("/hours", "Only from", this.from, "empty: always"),
        field("/until", "Until", this.to),
      ),
      button("Remove this rotation", remove, { class: "link" }),
    );
  }

  focus(): void {
    this.people.focus();
  }

  read(pointer: string): Rotation {
    const { rotation, begins, from, to, turn } = this;
    // Its field does not show the seconds.
    const isSame = rotation !== null && begins.value === localOf(Date.parse(rotation.begins_at));
    const begins_at = isSame ? rotation.begins_at : momentOf(begins.value);
    if (begins_at === null) throw wrong(`${pointer}/begins_at`, "say when it begins");
    if ((from.value === "") !== (to.value === ""))
      throw wrong(`${pointer}/until`, "from and until belong together");
    const hours = from.value === "" ? null : { from_clock: from.value, to_clock: to.value };
    const turn_hours = Number(turn.value);
    if (!Number.isInteger(turn_hours)) throw wrong(`${pointer}/turn_hours`, "whole hours only");
    const people = typedList(this.people.value);
    return { level: Number(this.level.value), people, begins_at, turn_hours, hours };
  }

  /** Those of the errors that stand at a field of it. */
  show(errors: readonly FieldError[], pointer: string): FieldError[] {
    const mine = errors.filter((each) => each.pointer?.startsWith(`${pointer}/`));
    const told = mine.map((each) => {
      return { ...each, pointer: (each.pointer ?? "").slice(pointer.length) };
    });
    const left = this.fields.show(told);
    return mine.filter((_, nr) => !left.includes(told[nr] as FieldError));
  }

  /** By name, where names may be seen; nobody knows ids by heart. */
  private choosing(people: readonly Person[]): HTMLElement | null {
    if (people.length === 0) return null;
    const options = people.map((each) => [each.id, each.name ?? each.email ?? each.id] as const);
    const select = choice([["", "Add somebody …"], ...options]);
    select.setAttribute("aria-label", "Add somebody");
    select.addEventListener("change", () => {
      const named = [...typedList(this.people.value), select.value];
      if (select.value !== "") this.people.value = named.join(", ");
      select.value = "";
    });
    return select;
  }
}
