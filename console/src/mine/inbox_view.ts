// One's own messages, the newest first: read, marked as read, and gone on from.

import { SEVERITY_WORDS } from "../alerts/words";
import type { Rights } from "../booking/rights";
import { button } from "../booking/rows";
import { filterGroup, PagedList } from "../money/paged_list";
import { refusalWords } from "../money/rows";
import { kindOfNotice } from "../notices/words";
import { Signal } from "../signal";
import { h, ICONS, iconButton, replace } from "../ui/dom";
import { ago, timeOfDay } from "../ui/format";
import type { MineApi } from "./api";
import type { InboxItem } from "./types";
import { type Place, placesOf, placeWords } from "./words";

// A desk without a permission of its own: everybody may read what is sent to them.
const OWN = "a sign-in";
const FILTERS = ["All", "Unread"] as const;
const READ = "You have read everything.";
const NONE = "Nobody has written to you.";
const CLIENTS =
  "Messages go to people. You are signed in as a client: sign in as a person to see yours.";
const NOTICE = "notice";
const MINUTE_MS = 60_000;

export class InboxView {
  readonly element = h("section", { class: "my-messages", "aria-label": "My messages" });
  /** Something was read: the count is another one. */
  readonly changed = new Signal<void>();
  readonly wanted = new Signal<Place>();
  private readonly api: MineApi;
  private readonly rights: Rights;
  private readonly now: () => number;
  private readonly list: PagedList<InboxItem>;
  private readonly all = button("Mark all as read", () => void this.readAll());
  private readonly note = h("div", { role: "status" });
  private onlyUnread = false;
  private shown: readonly InboxItem[] = [];

  constructor(api: MineApi, rights: Rights, now: () => number) {
    this.api = api;
    this.rights = rights;
    this.now = now;
    this.list = new PagedList<InboxItem>(rights, {
      label: "Messages to me",
      permission: OWN,
      nothing: () => this.nothing(),
      page: (cursor) => api.messages(this.onlyUnread, cursor),
      row: (item) => this.row(item),
      facts: () => Math.floor(this.now() / MINUTE_MS),
      shown: (items) => this.show(items),
    });
    const filters = filterGroup("Which messages", FILTERS, (i) => {
      this.onlyUnread = i === 1;
      void this.list.anew();
    });
    this.all.disabled = true;
    const head = h("div", { class: "row above" }, filters, this.all);
    this.element.append(head, this.note, this.list.element);
  }

  refresh(): Promise<void> {
    return this.list.refresh();
  }

  private nothing(): string {
    if (this.onlyUnread) return READ;
    if (this.rights.isPerson) return NONE;
    return CLIENTS;
  }

  private show(items: readonly InboxItem[]): void {
    this.shown = items;
    this.all.disabled = items.every(({ read_at }) => read_at !== null);
  }

  private row(item: InboxItem): HTMLElement {
    const { id, severity, title, text, read_at } = item;
    const isUnread = read_at === null;
    const [first, ...others] = placesOf(item).filter((place) => this.mayOpen(place));
    const open = (): void => void this.open(item, first);
    const links = others.map((place) => {
      return button(placeWords(place), () => void this.open(item, place), { class: "link" });
    });
    const read = iconButton(ICONS.check, `Mark as read: ${title}`, () => void this.read(item));
    return h(
      "li",
      { class: `my-message severity-${severity}`, "data-unread": String(isUnread) },
      h(
        "button",
        {
          type: "button",
          class: "money-row",
          "data-key": id,
          "aria-label": this.rowWords(item, first),
          onclick: open,
        },
        h("b", {}, title),
        h("span", { class: "when" }, this.when(item)),
        h("span", { class: "said" }, text),
        h("span", { class: "soft" }, ...this.about(item, first)),
      ),
      isUnread && read,
      links.length > 0 && h("div", { class: "links" }, "Also: ", ...links),
    );
  }

  private about({ kind, severity }: InboxItem, first: Place | undefined): (string | HTMLElement)[] {
    const mark = h("span", { class: "severity" }, SEVERITY_WORDS[severity]);
    // A notice by hand says all in its title.
    const what = kind === NOTICE ? "" : ` ${kindOfNotice(kind)}`;
    const goes = first === undefined ? "" : ` · opens ${placeWords(first)}`;
    return [mark, `${what}${goes}`];
  }

  /** For who hears the list instead of seeing it. */
  private rowWords(item: InboxItem, first: Place | undefined): string {
    const parts = [
      item.read_at === null && "unread",
      SEVERITY_WORDS[item.severity],
      item.title,
      item.text,
      this.when(item),
      first !== undefined && `opens ${placeWords(first)}`,
    ];
    return parts.filter(Boolean).join(", ");
  }

  private when({ at }: InboxItem): string {
    const ageMs = this.now() - Date.parse(at);
    return ageMs < 60 * MINUTE_MS ? `${ago(ageMs)} ago` : timeOfDay(Date.parse(at));
  }

  private mayOpen({ kind }: Place): boolean {
    return kind === "trucks" || this.rights.may(`${kind}:read`);
  }

  /** Whoever goes on from it has read it. */
  private async open(item: InboxItem, place: Place | undefined): Promise<void> {
    if (place !== undefined) this.wanted.emit(place);
    await this.read(item);
  }

  private async read(item: InboxItem): Promise<void> {
    if (item.read_at !== null) return;
    await this.told(() => this.api.read(item));
    this.focusAt(this.shown.findIndex(({ id }) => id === item.id));
  }

  private async readAll(): Promise<void> {
    const [newest] = this.shown;
    if (newest !== undefined) await this.told(() => this.api.readUpTo(newest));
    this.focusAt(0);
  }

  private async told(tell: () => Promise<unknown>): Promise<void> {
    try {
      await tell();
      replace(this.note);
    } catch (error) {
      const words = refusalWords(error, this.rights, OWN);
      replace(this.note, h("p", { class: "notice bad", role: "alert" }, words));
    }
    this.changed.emit();
    await this.refresh();
  }

  /** What was pressed is gone: the keyboard goes on from the message in its place. */
  private focusAt(nr: number): void {
    if (document.activeElement !== document.body) return;
    const rows = this.element.querySelectorAll<HTMLElement>("button[data-key]");
    (rows[Math.min(Math.max(nr, 0), rows.length - 1)] ?? this.all).focus();
  }
}
