// Who is on call: now, and over the next two weeks by level; and who stands in for whom.

import type { Rights } from "../booking/rights";
import { button, empty, Redraw } from "../booking/rows";
import { momentOf, localOf } from "../hooks/words";
import { choice, FormDialog, wrong } from "../money/form_dialog";
import { failed, refusalWords } from "../money/rows";
import { h, replace } from "../ui/dom";
import { clock, timeOfDay } from "../ui/format";
import type { NoticesApi } from "./api";
import { CalendarDialogs } from "./calendar_dialogs";
import { type Turn, turnsBetween } from "./turns";
import type { Calendar, OnCallNow, StandIn } from "./types";

const DAY_MS = 86_400_000;
const DAYS = 14;
const WRITE = "oncall:write";
const LEVELS = ["1", "2", "3"] as const;
const TURN_MS = 8 * 3_600_000;

export class OnCallView {
  readonly element = h("section", { class: "on-call", "aria-label": "On call" });
  private readonly api: NoticesApi;
  private readonly rights: Rights;
  private readonly now: () => number;
  private readonly note = h("div", { role: "status" });
  private readonly body = h("div");
  private readonly redraw = new Redraw(this.body);
  private readonly dialog: FormDialog;
  private readonly calendars: CalendarDialogs;

  constructor(api: NoticesApi, rights: Rights, now: () => number) {
    this.api = api;
    this.rights = rights;
    this.now = now;
    this.dialog = new FormDialog(rights);
    this.calendars = new CalendarDialogs(api, rights, this.dialog, () => void this.refresh());
    replace(this.note, empty("Loading …"));
    const make = button("New calendar", () => void this.calendars.edit(null, this.now()));
    const head = h("div", { class: "actions above" }, make);
    head.hidden = !rights.may(WRITE);
    this.element.append(head, this.note, this.body, this.dialog.element);
  }

  async refresh(): Promise<void> {
    try {
      const [calendars, now] = await Promise.all([this.api.calendars(), this.api.onCallNow()]);
      replace(
        this.note,
        calendars.length === 0 && empty("There is no calendar: escalations find nobody on call."),
      );
      const hour = Math.floor(this.now() / 3_600_000);
      this.redraw.with([calendars, now.items, hour], () => {
        replace(this.body, ...calendars.map((each) => this.calendar(each, now)));
      });
    } catch (error) {
      const words = refusalWords(error, this.rights, "notifications:read");
      replace(
        this.note,
        failed(words, () => void this.refresh()),
      );
    }
  }

  private calendar(calendar: Calendar, now: OnCallNow): HTMLElement {
    const fromMs = new Date(this.now()).setHours(0, 0, 0, 0);
    const toMs = fromMs + DAYS * DAY_MS;
    const turns = turnsBetween(calendar, fromMs, toMs);
    const levels = [...new Set(turns.map(({ level }) => level))].sort((a, b) => a - b);
    const mine = now.items.filter((each) => each.calendar === calendar.id);
    const said = mine.map(({ level, people }) => {
      const who = people.length === 0 ? "nobody" : people.map(plain).join(", ");
      return h("li", {}, h("b", {}, `L${level}`), ` ${who}`);
    });
    const actions = h(
      "div",
      { class: "actions" },
      button("Somebody stands in", () => this.ask(calendar)),
      button("Change", () => void this.calendars.edit(calendar, this.now())),
      button("Remove", () => this.calendars.remove(calendar)),
    );
    actions.hidden = !this.rights.may(WRITE);
    return h(
      "section",
      { class: "calendar", "aria-label": calendar.name, "data-key": calendar.id },
      h("div", { class: "row" }, h("h3", {}, calendar.name), actions),
      h("ul", { class: "now", "aria-label": "On call now" }, ...said),
      h(
        "div",
        { class: "grid" },
        this.days(fromMs),
        ...levels.map((level) => this.level(level, turns, fromMs, toMs)),
      ),
      h(
        "p",
        { class: "soft" },
        `Times are yours; the calendar's hours are of ${calendar.time_zone}.`,
      ),
      this.standIns(calendar),
    );
  }

  private days(fromMs: number): HTMLElement {
    const names = Array.from({ length: DAYS }, (_, i) => {
      const date = new Date(fromMs + i * DAY_MS);
      return h("span", {}, date.toLocaleDateString("en-GB", { weekday: "narrow", day: "numeric" }));
    });
    return h("div", { class: "days", "aria-hidden": "true" }, ...names);
  }

  private level(level: number, turns: readonly Turn[], fromMs: number, toMs: number): HTMLElement {
    const whole = toMs - fromMs;
    const bars = turns
      .filter((each) => each.level === level)
      .map((turn) => {
        const kind = turn.isStandIn ? "turn stand-in" : "turn";
        const words = turnWords(turn);
        const bar = h("li", { class: kind, title: words }, h("span", {}, plain(turn.person)));
        bar.setAttribute("aria-label", words);
        bar.style.left = `${((turn.fromMs - fromMs) / whole) * 100}%`;
        bar.style.width = `${((turn.toMs - turn.fromMs) / whole) * 100}%`;
        bar.style.setProperty("--hue", String(hueOf(turn.person)));
        return bar;
      });
    const today = h("i", { class: "today", "aria-hidden": "true" });
    today.style.left = `${((this.now() - fromMs) / whole) * 100}%`;
    const list = h("ol", { "aria-label": `Level ${level}` }, ...bars);
    return h(
      "div",
      { class: "level" },
      h("b", {}, `L${level}`),
      h("div", { class: "lane" }, list, today),
    );
  }

  private standIns({ id, overrides }: Calendar): HTMLElement | null {
    const coming = overrides.filter(({ to }) => Date.parse(to) > this.now());
    if (coming.length === 0) return null;
    const rows = coming.map((each) => {
      const words = `L${each.level}: ${each.person}, ${clock(each.from)} to ${clock(each.to)} `;
      const gone = button("take it back", () => void this.withdraw(id, each), { class: "link" });
      gone.hidden = !this.rights.may(WRITE);
      return h("li", {}, words, gone);
    });
    return h("ul", { "aria-label": "Stand-ins" }, ...rows);
  }

  private ask(calendar: Calendar): void {
    const people = [...new Set(calendar.rotations.flatMap((each) => each.people))];
    const level = choice(LEVELS.map((each) => [each, `L${each}`] as const));
    const person = h("input", { list: "on-call-people", autocomplete: "off" });
    const list = h(
      "datalist",
      { id: "on-call-people" },
      ...people.map((value) => h("option", { value })),
    );
    const from = h("input", { type: "datetime-local", value: localOf(this.now()) });
    const to = h("input", { type: "datetime-local", value: localOf(this.now() + TURN_MS) });
    this.element.append(list);
    this.dialog.open({
      title: `Somebody stands in: ${calendar.name}`,
      fields: [
        { pointer: "/person", label: "Who", input: person, hint: "the id of a user" },
        { pointer: "/level", label: "On level", input: level },
        { pointer: "/from", label: "From", input: from },
        { pointer: "/to", label: "Until", input: to },
      ],
      submit: "Put it down",
      permission: WRITE,
      work: async () => {
        const [since, until] = [momentOf(from.value), momentOf(to.value)];
        if (person.value.trim() === "") throw wrong("/person", "say who");
        if (since === null) throw wrong("/from", "say from when on");
        if (until === null) throw wrong("/to", "say until when");
        const wish = {
          level: Number(level.value),
          person: person.value.trim(),
          from: since,
          to: until,
        };
        await this.api.standIn(calendar.id, wish);
        return null;
      },
      done: () => void this.refresh(),
    });
    this.dialog.element.addEventListener("close", () => list.remove(), { once: true });
  }

  private async withdraw(calendar: string, { id }: StandIn): Promise<void> {
    try {
      await this.api.withdraw(calendar, id);
    } catch (error) {
      const words = refusalWords(error, this.rights, WRITE);
      replace(this.note, h("p", { class: "notice bad", role: "alert" }, words));
    }
    await this.refresh();
  }
}

function turnWords({ person, fromMs, toMs, isStandIn, hours }: Turn): string {
  const when = `${timeOfDay(fromMs)} to ${timeOfDay(toMs)}`;
  const only = hours === null ? "" : `, ${hours} only`;
  return `${plain(person)}${isStandIn ? " stands in" : ""}: ${when}${only}`;
}

function plain(person: string): string {
  return person.replace(/^users\//, "");
}

/** The same colour for the same person, on every look. */
function hueOf(person: string): number {
  return [...person].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 360, 7);
}
