// The money of one booking: from its quote to the last posting, each line with what made it.

import { money, rupees } from "../booking/money";
import type { Rights } from "../booking/rights";
import { button, empty, Redraw } from "../booking/rows";
import type { Booking } from "../booking/types";
import type { PaperViewer } from "../papers/viewer";
import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import { exact, exactly, someOf } from "./amounts";
import type { MoneyApi } from "./api";
import { arriving, causeName, dueOf, keyOf, rowOf } from "./causes";
import { Paying } from "./paying";
import { goTo, moneyRow, refusalWords } from "./rows";
import type { Booked, Due, Paid, Paper, Settled, Story } from "./types";
import {
  accountWords,
  dueState,
  dueWhen,
  dueWords,
  isStillOpen,
  methodWords,
  paperWords,
  paymentState,
  settlementState,
  when,
} from "./words";

const NOT_FOR_YOU = "What there is of this is not for you to see.";
const PENDING_MS = 2_000;
const RECORDED = new Set(["bank_transfer", "cod", "wallet"]);

export class StoryView {
  readonly element = h("section", { class: "story", "aria-label": "Money" });
  readonly settlementWanted = new Signal<string>();
  private readonly api: MoneyApi;
  private readonly rights: Rights;
  private readonly viewer: PaperViewer;
  private readonly now: () => number;
  private readonly paying: Paying;
  private readonly body = h("div", {});
  private readonly problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  private readonly redraw = new Redraw(this.body);
  private booking: string | null = null;
  private timer: number | undefined;

  constructor(api: MoneyApi, rights: Rights, viewer: PaperViewer, now: () => number) {
    this.api = api;
    this.rights = rights;
    this.viewer = viewer;
    this.now = now;
    this.paying = new Paying(api, rights, () => void this.refresh());
    this.element.append(this.problem, this.body, this.paying.element);
  }

  async show({ id }: Booking): Promise<void> {
    if (id !== this.booking) {
      this.redraw.forget();
      replace(this.body, empty("Loading …"));
    }
    this.booking = id;
    await this.refresh();
  }

  private async refresh(): Promise<void> {
    const id = this.booking;
    if (id === null) return;
    try {
      const story = await this.api.story(id);
      if (id !== this.booking) return;
      this.problem.hidden = true;
      // A due that has become overdue looks otherwise, though nothing was changed.
      const states = story.dues.map((due) => dueState(due, this.now()));
      this.redraw.with([story, states], () => this.draw(story));
      if (story.pending) this.lookAgain();
    } catch (error) {
      if (id === this.booking) this.say(refusalWords(error, this.rights, "payments:read"));
    }
  }

  /** That the books have followed is told by no event. */
  private lookAgain(): void {
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined;
      const isSeen = document.visibilityState === "visible" && this.element.offsetParent !== null;
      if (isSeen) void this.refresh();
    }, PENDING_MS);
  }

  private say(message: string): void {
    this.problem.textContent = message;
    this.problem.hidden = false;
  }

  private draw(story: Story): void {
    const { dues, payments, documents, settlements, entries } = story;
    replace(
      this.body,
      standing(story),
      heading("Quote"),
      list("Quote", story.quote === null ? [] : [quoteRow(story.quote)], "It has no price yet."),
      heading("Dues"),
      list("Dues", dues.map((each) => this.dueRow(each, story)), "Nothing is owed yet."),
      heading("Payments"),
      list("Payments", payments.map((each) => this.payment(each, story)), "Nothing was asked for."),
      heading("Documents"),
      list("Documents", documents?.map((each) => this.paper(each, story)), "None was issued yet."),
      heading("Settlement with the carrier"),
      list("Settlements", settlements?.map((each) => this.settled(each)), "There is none yet."),
      heading("In the books"),
      list("Entries", entries?.map((each) => this.booked(each, story)), "Nothing yet."),
      story.is_more && h("p", { class: "soft" }, "The older entries are in the ledger."),
    );
  }

  private dueRow(due: Due, story: Story): HTMLElement {
    const { may } = this;
    const came = arriving(due, story);
    const isOpen = due.state !== "paid" && came < due.open.amount_minor;
    const key = keyOf("dues", due.due);
    const ask = button("Ask for it …", () => this.paying.ask(due), { "data-key": `ask-${key}` });
    const got = button("Record money …", () => this.paying.record(due, story), {
      "data-key": `record-${key}`,
    });
    const part = isOpen && due.paid.amount_minor > 0 && `${money(due.open)} open`;
    const coming = came > 0 && `${rupees(came)} has come, the books are counting it`;
    return moneyRow({
      key,
      title: dueWords(due),
      state: dueState(due, this.now()),
      amount: exactly(due.amount),
      below: [dueWhen(due, this.now()), part, coming],
      actions: isOpen
        ? [
            may("payments:write") && ask,
            may("payments:write") && may("payments:record") && got,
          ]
        : [],
    });
  }

  private payment(paid: Paid, story: Story): HTMLElement {
    const key = keyOf("payments", paid.id);
    const for_ = dueOf(paid.due, story);
    const got = paid.captured.amount_minor;
    const part = got > 0 && got !== paid.amount.amount_minor && `${money(paid.captured)} came`;
    const isByLink = isStillOpen(paid) && !RECORDED.has(paid.method);
    const shown = h("div", { class: "shown" });
    const look = button("Show its link", () => void this.showLink(paid.id, shown), {
      "data-key": `link-${key}`,
    });
    const cancel = button("Cancel it", () => void this.cancel(paid.id), {
      "data-key": `cancel-${key}`,
    });
    const isCancellable = isStillOpen(paid) && got === 0 && this.may("payments:write");
    const row = moneyRow({
      key,
      title: methodWords(paid.method),
      state: paymentState(paid.status),
      amount: exactly(paid.amount),
      below: [
        when(paid.created_at),
        part,
        someOf(paid.refunded, "given back:"),
        for_ && h("span", {}, "for the ", this.link(for_.name.toLowerCase(), for_.key)),
      ],
      actions: [isByLink && look, isCancellable && cancel],
    });
    row.append(shown);
    return row;
  }

  private async showLink(id: string, box: HTMLElement): Promise<void> {
    try {
      replace(box, await this.paying.look(id));
      box.querySelector("input")?.focus();
    } catch (error) {
      this.say(refusalWords(error, this.rights, "payments:read"));
    }
  }

  private async cancel(id: string): Promise<void> {
    try {
      await this.paying.cancel(id);
    } catch (error) {
      this.say(refusalWords(error, this.rights, "payments:write"));
    }
  }

  private paper(paper: Paper, story: Story): HTMLElement {
    const key = keyOf("invoices", paper.id);
    const title = `${paperWords(paper.kind)} ${paper.number}`;
    const open = (): void => {
      void this.viewer.open(title, "application/pdf", () => this.api.printed("invoices", paper.id));
    };
    return moneyRow({
      key,
      title,
      amount: paper.total.amount_minor === 0 ? "" : exactly(paper.total),
      below: [when(paper.issued_at), this.because(paper.cause, story)],
      actions: [button("Open PDF", open, { "data-key": `pdf-${key}` })],
    });
  }

  private settled(settled: Settled): HTMLElement {
    const key = keyOf("settlements", settled.id);
    const open = button("Open it", () => this.settlementWanted.emit(settled.id), {
      "data-key": `open-${key}`,
    });
    const gross = settled.gross.amount_minor !== settled.balance.amount_minor;
    return moneyRow({
      key,
      title: [settled.carrier, settled.leg].filter(Boolean).join(" · "),
      state: settlementState(settled.status),
      amount: exactly(settled.balance),
      below: [gross && `of ${money(settled.gross)} earned`],
      actions: [open],
    });
  }

  private booked(entry: Booked, story: Story): HTMLElement {
    const key = keyOf("entries", entry.id);
    const debits = entry.postings.filter(({ amount }) => amount.amount_minor > 0);
    const whole = debits.reduce((sum, { amount }) => sum + amount.amount_minor, 0);
    const lines = entry.postings.map(({ account, amount, party }) => {
      const side = amount.amount_minor > 0 ? "Dr" : "Cr";
      const whose = party === null ? "" : ` · ${party.split("/").at(-1)}`;
      const sum = exact(Math.abs(amount.amount_minor));
      const about = h("span", {}, `${side} ${accountWords(account)}${whose}`);
      return h("li", { class: side.toLowerCase() }, about, h("span", { class: "amount" }, sum));
    });
    const row = moneyRow({
      key,
      title: entry.memo,
      amount: exact(whole),
      below: [when(entry.at), this.because(entry.cause, story)],
    });
    row.append(h("ul", { class: "postings" }, ...lines));
    return row;
  }

  /** What made it, and the way there where that is on this page. */
  private because(cause: string, story: Story): HTMLElement {
    const row = rowOf(cause, story);
    const name = causeName(cause, story);
    if (row === null) return h("span", { title: cause }, `for ${name}`);
    return h("span", { title: cause }, "for ", this.link(name, row));
  }

  private link(words: string, key: string): HTMLElement {
    return button(words, () => goTo(this.body, key), { class: "link" });
  }

  private readonly may = (permission: string): boolean => this.rights.may(permission);
}

/** Always a line, so that nothing moves when it changes. */
function standing({ pending, trouble }: Story): HTMLElement {
  if (trouble !== null)
    return h("p", { class: "notice bad" }, `The books could not follow: ${trouble}`);
  const words = pending
    ? "The books are following its last change."
    : "The books have followed its last change.";
  return h("p", { class: pending ? "notice" : "notice soft", role: "status" }, words);
}

function heading(words: string): HTMLElement {
  return h("h3", {}, words);
}

function list(
  label: string,
  rows: readonly HTMLElement[] | undefined,
  nothing: string,
): HTMLElement {
  if (rows === undefined) return empty(NOT_FOR_YOU);
  return rows.length === 0 ? empty(nothing) : h("ol", { "aria-label": label }, ...rows);
}

function quoteRow({ id, total }: NonNullable<Story["quote"]>): HTMLElement {
  return moneyRow({
    key: keyOf("quotes", id),
    title: "Agreed with the shipper",
    amount: exactly(total),
    below: ["how it came about stands under Price"],
  });
}
