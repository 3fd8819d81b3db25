// Messages to people: to whom, how far each has come, every attempt, and sending it again.

import { SEVERITY_WORDS } from "../alerts/words";
import type { Rights } from "../booking/rights";
import { button } from "../booking/rows";
import { filterGroup, PagedList } from "../money/paged_list";
import { refusalWords, stateBadge } from "../money/rows";
import { isNamed } from "../hooks/words";
import { h, replace } from "../ui/dom";
import { ago, clock } from "../ui/format";
import type { NoticeQuery, NoticesApi } from "./api";
import type { Notice, WholeNotice } from "./types";
import {
  attemptTimes,
  attemptWords,
  isReplayable,
  kindOfNotice,
  noticeState,
  wayWords,
} from "./words";

const FILTERS: readonly (readonly [name: string, state: string])[] = [
  ["All", ""],
  ["Waiting", "waiting"],
  ["Given up", "dead"],
  ["Nobody knows", "unknown"],
  ["Delivered", "delivered"],
];
const SEARCH_AFTER_MS = 250;
const WRITE = "notifications:write";

export class MessagesView {
  readonly element = h("section", { class: "messages", "aria-label": "Messages" });
  private readonly api: NoticesApi;
  private readonly rights: Rights;
  private readonly now: () => number;
  private readonly list: PagedList<Notice>;
  private readonly query: NoticeQuery = { state: "", person: "" };
  private readonly opened = new Map<string, HTMLElement>();
  private timer: number | undefined;

  constructor(api: NoticesApi, rights: Rights, now: () => number) {
    this.api = api;
    this.rights = rights;
    this.now = now;
    this.list = new PagedList<Notice>(rights, {
      label: "Messages",
      permission: "notifications:read",
      nothing: "There are none like that.",
      page: (cursor) => api.page(this.query, cursor),
      row: (notice) => this.row(notice),
      facts: () => [...this.opened.keys()],
    });
    const filters = filterGroup(
      "Filter by state",
      FILTERS.map(([name]) => name),
      (i) => {
        this.query.state = FILTERS[i]?.[1] ?? "";
        void this.list.anew();
      },
    );
    this.element.append(filters, this.search(), this.list.element);
  }

  refresh(): Promise<void> {
    return this.list.refresh();
  }

  private search(): HTMLElement {
    const words = "To whom, such as users/asha";
    const input = h("input", { type: "search", placeholder: words, "aria-label": words });
    input.addEventListener("input", () => {
      const typed = input.value.trim();
      this.query.person = isNamed(typed) ? typed : "";
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.list.anew(), SEARCH_AFTER_MS);
    });
    return input;
  }

  private row(notice: Notice): HTMLElement {
    const { id, kind, person, state, severity, created_at, why, tries, subject } = notice;
    const box = this.opened.get(id);
    const said = [
      subject,
      wayWords(notice),
      tries > 0 && `${tries} tries`,
      SEVERITY_WORDS[severity],
      `${ago(this.now() - Date.parse(created_at))} ago`,
    ];
    const props = { type: "button", class: "money-row", "data-key": id, "data-state": state };
    const label = `${kindOfNotice(kind)} to ${person}, ${noticeState(state)[0]}`;
    const open = (): void => void this.toggle(id);
    return h(
      "li",
      {},
      h(
        "button",
        {
          ...props,
          "aria-expanded": String(box !== undefined),
          "aria-label": label,
          onclick: open,
        },
        h("b", {}, `${kindOfNotice(kind)} → ${person}`),
        stateBadge(noticeState(state)),
        h("span", { class: "soft" }, said.filter(Boolean).join(" · ")),
        why !== null && h("span", { class: "trouble" }, why),
      ),
      box ?? null,
    );
  }

  private async toggle(id: string): Promise<void> {
    if (this.opened.delete(id)) {
      await this.refresh();
      return;
    }
    const box = h("div", { class: "attempts" }, h("p", { class: "soft" }, "Loading …"));
    this.opened.set(id, box);
    await this.refresh();
    await this.fill(id, box);
  }

  private async fill(id: string, box: HTMLElement): Promise<void> {
    try {
      replace(box, ...this.whole(await this.api.whole(id), box));
    } catch (error) {
      const words = refusalWords(error, this.rights, "notifications:read");
      replace(box, h("p", { class: "notice bad", role: "alert" }, words));
    }
  }

  private whole(notice: WholeNotice, box: HTMLElement): HTMLElement[] {
    const { title, text, attempts, history } = notice;
    const again = button("Send it again", () => void this.replay(notice, box));
    const may = this.rights.may(WRITE) && isReplayable(notice);
    const said = text === null ? "Its text is not written yet, or not kept any more." : text;
    const tried = attempts.toReversed().map((attempt) => {
      return h(
        "li",
        {},
        h("b", {}, attemptWords(attempt)),
        h("span", { class: "soft" }, attemptTimes(attempt)),
      );
    });
    const steps = history.map(({ at, what, why }) => {
      const words = [what.replace(/_/g, " "), why].filter(Boolean).join(": ");
      return h("li", {}, words, h("span", { class: "soft" }, clock(at)));
    });
    return [
      h("blockquote", {}, title ? h("b", {}, title) : null, h("p", {}, said)),
      ...(may ? [h("div", { class: "actions" }, again)] : []),
      h("ol", { class: "life", "aria-label": "Attempts" }, ...tried),
      h("details", {}, h("summary", {}, "History"), h("ol", { class: "life" }, ...steps)),
    ];
  }

  private async replay(notice: Notice, box: HTMLElement): Promise<void> {
    try {
      await this.api.replay(notice);
    } catch (error) {
      const words = refusalWords(error, this.rights, WRITE);
      box.prepend(h("p", { class: "notice bad", role: "alert" }, words));
      return;
    }
    await Promise.all([this.fill(notice.id, box), this.refresh()]);
  }
}
