// What somebody wishes of messages: hours, language, kinds and channels; and their phones.

import { ApiError } from "../api/client";
import { Fields, problemWords } from "../booking/problems";
import type { Rights } from "../booking/rights";
import { button, empty } from "../booking/rows";
import { choice } from "../money/form_dialog";
import { failed, refusalWords } from "../money/rows";
import { h, replace } from "../ui/dom";
import { clock } from "../ui/format";
import type { MineApi } from "./api";
import { KindWishes } from "./kind_wishes";
import type { Phone, Preferences, Wishes } from "./types";
import { quietChoice } from "./wishes";

const OWN = "a sign-in";
const STALE = 412;
const ALL_THE_SAME = "What is critical comes at any time, whatever you choose.";
const QUIET = [
  ["usual", "as your organisation has it"],
  ["never", "never: I may always be disturbed"],
  ["own", "hours of my own"],
] as const;
const LANGUAGES = [
  ["", "as your organisation has it"],
  ["en", "English"],
  ["hi", "हिन्दी"],
] as const;

export class PreferencesView {
  readonly element = h("section", { class: "preferences", "aria-label": "My preferences" });
  private readonly api: MineApi;
  private readonly rights: Rights;
  private readonly note = h("div", { role: "status" });
  private readonly form = h("form", { class: "rule-form", novalidate: true, hidden: true });
  private readonly phones = h("section", { "aria-label": "My phones" });
  private readonly fields = new Fields("preferences");
  private readonly quiet = choice(QUIET);
  private readonly from = h("input", { type: "time" });
  private readonly to = h("input", { type: "time" });
  private readonly language = choice(LANGUAGES);
  private readonly zone = h("input", { autocomplete: "off", placeholder: "Asia/Kolkata" });
  private readonly kinds = new KindWishes();
  private holds: Preferences | null = null;

  constructor(api: MineApi, rights: Rights) {
    this.api = api;
    this.rights = rights;
    replace(this.note, empty("Loading …"));
    this.form.append(...this.parts());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.save();
    });
    this.quiet.addEventListener("change", () => this.drawHours());
    this.element.append(this.note, this.form, this.phones);
  }

  /** What is being chosen is not taken out of anybody's hands. */
  async refresh(): Promise<void> {
    if (this.holds === null) await this.load();
  }

  private parts(): HTMLElement[] {
    const field = this.fields.add.bind(this.fields);
    return [
      h("p", { class: "soft wide-field" }, ALL_THE_SAME),
      field("/quiet", "Leave me in peace", this.quiet, "by push, WhatsApp, SMS and calls"),
      h(
        "div",
        { class: "pair" },
        field("/quiet/from_clock", "From", this.from),
        field("/quiet/to_clock", "Until", this.to),
      ),
      field("/time_zone", "Time zone", this.zone, "empty: as your organisation has it"),
      field("/language", "Language", this.language),
      field("/kinds", "What I am told", this.kinds.element, "a single kind goes before its group"),
      h(
        "div",
        { class: "actions wide-field" },
        h("button", { type: "submit", class: "primary" }, "Save"),
        button("Forget it", () => void this.load()),
      ),
    ];
  }

  private async load(): Promise<void> {
    try {
      const [holds, phones] = await Promise.all([this.api.preferences(), this.api.phones()]);
      replace(this.note);
      this.show(holds);
      this.showPhones(phones);
    } catch (error) {
      const words = refusalWords(error, this.rights, OWN);
      replace(
        this.note,
        failed(words, () => void this.load()),
      );
    }
  }

  private show(holds: Preferences): void {
    this.holds = holds;
    this.fields.clear();
    this.quiet.value = quietChoice(holds);
    this.from.value = holds.quiet?.from_clock ?? "";
    this.to.value = holds.quiet?.to_clock ?? "";
    // A language that this page has no word for is kept.
    const language = holds.language ?? "";
    if (![...this.language.options].some(({ value }) => value === language))
      this.language.append(h("option", { value: language }, language));
    this.language.value = language;
    this.zone.value = holds.time_zone ?? "";
    this.kinds.show(holds.kinds);
    this.drawHours();
    this.form.hidden = false;
  }

  private drawHours(): void {
    const isOwn = this.quiet.value === "own";
    for (const each of [this.from, this.to]) each.disabled = !isOwn;
  }

  private wishes(): Wishes {
    const hours = { from_clock: this.from.value, to_clock: this.to.value };
    const never = { from_clock: "00:00", to_clock: "00:00" };
    const quiet = { usual: null, never, own: hours }[this.quiet.value] ?? null;
    const [language, time_zone] = [this.language.value || null, this.zone.value.trim() || null];
    return { language, time_zone, quiet, kinds: this.kinds.read() };
  }

  private async save(): Promise<void> {
    this.fields.clear();
    if (this.holds === null) return;
    const isOwn = this.quiet.value === "own";
    const missing = [this.from, this.to].find(({ value }) => isOwn && value === "");
    if (missing !== undefined) {
      const pointer = missing === this.from ? "/quiet/from_clock" : "/quiet/to_clock";
      this.fields.show([{ pointer, detail: "give a time" }]);
      return;
    }
    try {
      this.show(await this.api.choose(this.wishes(), this.holds.version));
    } catch (error) {
      this.refused(error);
      return;
    }
    replace(this.note, h("p", { class: "notice" }, "Saved. It counts from the next message on."));
  }

  private refused(error: unknown): void {
    const errors = error instanceof ApiError ? error.errors : [];
    const left = this.fields.show(errors);
    const isStale = error instanceof ApiError && error.status === STALE;
    const words = isStale
      ? "It was changed elsewhere meanwhile. Forget this, look at that, and choose again."
      : problemWords(error);
    const isSaid = errors.length > 0 && left.length === 0;
    replace(this.note, !isSaid && h("p", { class: "notice bad", role: "alert" }, words));
    if (!isSaid) this.note.scrollIntoView({ block: "nearest" });
  }

  private showPhones(phones: readonly Phone[]): void {
    const rows = phones.map((phone) => {
      const words = `${phone.app}, since ${clock(phone.created_at)} `;
      const remove = button("Remove", () => void this.forget(phone), { class: "link" });
      remove.setAttribute("aria-label", `Remove ${phone.app}`);
      return h("li", {}, words, remove);
    });
    const none = empty("No phone has the app: pushes reach you nowhere.");
    replace(this.phones, h("h3", {}, "My phones"), rows.length > 0 ? h("ul", {}, ...rows) : none);
  }

  private async forget(phone: Phone): Promise<void> {
    try {
      await this.api.forget(phone);
      this.showPhones(await this.api.phones());
    } catch (error) {
      const words = refusalWords(error, this.rights, OWN);
      replace(this.note, h("p", { class: "notice bad", role: "alert" }, words));
    }
  }
}
