// One settlement: what a carrier earned and what is taken off, who approves it, how it is paid.

import { ApiError } from "../api/client";
import type { Rights } from "../booking/rights";
import { button, empty, Redraw } from "../booking/rows";
import type { PaperViewer } from "../papers/viewer";
import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import { exactly, exact, signed } from "./amounts";
import type { MoneyApi } from "./api";
import { FormDialog, wrong } from "./form_dialog";
import { moneyRow, refusalWords, stateBadge } from "./rows";
import { whatOf } from "./settlements_view";
import type { Payout, Settlement, SettlementLine } from "./types";
import {
  approvalWords,
  headWords,
  isRetriable,
  lineOrigin,
  mayApprove,
  payoutState,
  payoutTrouble,
  settlementState,
  utrOf,
  when,
} from "./words";

const DISPUTABLE = new Set(["open", "proposed", "approved"]);

export class SettlementPage {
  readonly element = h("section", { class: "settlement", "aria-label": "Settlement" });
  readonly bookingWanted = new Signal<string>();
  readonly settlementWanted = new Signal<string>();
  settlementId: string | null = null;
  private readonly api: MoneyApi;
  private readonly rights: Rights;
  private readonly viewer: PaperViewer;
  private readonly dialog: FormDialog;
  private readonly body = h("div", { tabindex: "-1" });
  private readonly problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  private readonly redraw = new Redraw(this.body);
  private isBusy = false;

  constructor(api: MoneyApi, rights: Rights, viewer: PaperViewer) {
    this.api = api;
    this.rights = rights;
    this.viewer = viewer;
    this.dialog = new FormDialog(rights);
    this.element.append(this.problem, this.body, this.dialog.element);
  }

  async open(id: string): Promise<void> {
    this.settlementId = id;
    this.problem.hidden = true;
    this.redraw.forget();
    replace(this.body, empty("Loading …"));
    await this.refresh();
    this.element.scrollIntoView({ block: "start" });
    this.body.focus({ preventScroll: true });
  }

  async refresh(): Promise<void> {
    const id = this.settlementId;
    if (id === null) return;
    try {
      const settlement = await this.api.settlement(id);
      // Advances before delivery have payouts too.
      const payouts = await this.api.payouts(id);
      if (id !== this.settlementId) return;
      this.redraw.with([settlement, payouts], () => this.draw(settlement, payouts));
    } catch (error) {
      if (id === this.settlementId) this.say(refusalWords(error, this.rights, "settlements:read"));
    }
  }

  private say(message: string): void {
    this.problem.textContent = message;
    this.problem.hidden = message === "";
  }

  private draw(settlement: Settlement, payouts: readonly Payout[]): void {
    const { carrier, status, dispute, questions, approvals } = settlement;
    const isMe = (name: string | null): boolean => this.rights.isMe(name);
    const next = approvalWords(settlement, isMe);
    const approved = approvals.length > 0 && `Approved by ${approvals.join(" and ")}.`;
    replace(
      this.body,
      h(
        "div",
        { class: "settlement-head" },
        h("h2", {}, carrier),
        stateBadge(settlementState(status)),
        h("p", { class: "soft" }, this.about(settlement)),
      ),
      status === "disputed" && h("p", { class: "notice bad" }, `Disputed: “${dispute ?? ""}”`),
      ...questions.map((each) => h("p", { class: "notice bad" }, `Say first: ${each}`)),
      next === null ? null : h("p", { class: "notice", role: "status" }, next),
      approved && h("p", { class: "soft" }, approved),
      this.actions(settlement),
      linesTable(settlement, (line) => this.lineRow(line)),
      payouts.length > 0 && h("h3", {}, "Payouts"),
      payouts.length > 0 &&
        h("ol", { "aria-label": "Payouts" }, ...payouts.map((each) => this.payout(each))),
    );
  }

  private about(settlement: Settlement): HTMLElement {
    const { booking, utr } = settlement;
    const what = whatOf(settlement);
    const rest = booking === null ? what : what.slice(booking.length);
    const to = booking !== null && this.toBooking(booking);
    return h("span", {}, to, rest, utr !== null && ` · UTR ${utr}`);
  }

  private toBooking(booking: string): HTMLElement {
    return button(booking, () => this.bookingWanted.emit(booking), {
      class: "link",
      "data-key": "to-booking",
    });
  }

  private actions(settlement: Settlement): HTMLElement {
    const { status, id, carrier } = settlement;
    const { rights } = this;
    const may = (permission: string): boolean => rights.may(permission);
    const told = (words: string, action: string, permission: string, isMain: boolean) => {
      const act = (): void => {
        void this.act(() => this.api.tell(settlement, action, {}), permission);
      };
      const props = { "data-key": action, ...(isMain && { class: "primary" }) };
      return button(words, act, props);
    };
    const reasoned = (words: string, action: string, permission: string) => {
      return button(`${words} …`, () => this.ask(settlement, words, action, permission), {
        "data-key": action,
      });
    };
    const isMine = mayApprove(settlement, (name) => rights.isMe(name));
    const canPropose = status === "open" && may("settlements:write");
    const print = (): void => {
      const title = `Settlement ${carrier} ${id}`;
      void this.viewer.open(title, "application/pdf", () => this.api.printed("settlements", id));
    };
    return h(
      "div",
      { class: "actions" },
      canPropose && told("Propose", "propose", "settlements:write", true),
      status === "proposed" &&
        may("settlements:write") &&
        told("Propose anew", "propose", "settlements:write", false),
      isMine &&
        may("settlements:approve") &&
        told("Approve", "approve", "settlements:approve", true),
      status === "approved" && may("payouts:write") && told("Pay it", "pay", "payouts:write", true),
      DISPUTABLE.has(status) &&
        may("settlements:dispute") &&
        reasoned("Dispute", "dispute", "settlements:dispute"),
      status === "disputed" &&
        may("settlements:write") &&
        reasoned("Resolve", "resolve", "settlements:write"),
      (status === "approved" || status === "reversed") &&
        may("settlements:approve") &&
        reasoned("Take the approval back", "reopen", "settlements:approve"),
      button("Statement as PDF", print, { "data-key": "pdf" }),
    );
  }

  /** With a reason, which stands in its history. */
  private ask(settlement: Settlement, words: string, action: string, permission: string): void {
    const reason = h("input", {});
    this.dialog.open({
      title: words,
      about: `${settlement.carrier}, ${exactly(settlement.balance)}.`,
      fields: [{ pointer: "/reason", label: "Why", input: reason }],
      submit: words,
      permission,
      work: async () => {
        const said = reason.value.trim();
        if (said === "") throw wrong("/reason", "Say why.");
        await this.api.tell(settlement, action, { reason: said });
        return null;
      },
      done: () => void this.refresh(),
    });
  }

  private async act(work: () => Promise<unknown>, permission: string): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    this.element.setAttribute("aria-busy", "true");
    let message = "";
    try {
      await work();
    } catch (error) {
      message = refusalWords(error, this.rights, permission);
      if (error instanceof ApiError) this.redraw.forget();
    } finally {
      this.isBusy = false;
      this.element.removeAttribute("aria-busy");
    }
    await this.refresh();
    this.say(message);
    // The button that was pressed may be gone with what it did.
    if (document.activeElement === document.body)
      this.body.focus({ preventScroll: true });
  }

  private lineRow(line: SettlementLine): HTMLElement {
    const { head, amount, evidence, settlement } = line;
    const all = settlement === null ? evidence : [`settlements/${settlement}`, ...evidence];
    const shown = all.map((each) => this.evidence(each));
    const origin = lineOrigin(line);
    return h(
      "tr",
      {},
      h(
        "th",
        { scope: "row" },
        headWords(head),
        origin !== "" && h("span", { class: "sum" }, origin),
        shown.length > 0 && h("span", { class: "sum" }, "Shown by ", ...shown),
      ),
      h("td", amount.amount_minor < 0 ? { class: "off" } : {}, signed(amount)),
    );
  }

  /** Where it leads somewhere in the console, a way there. */
  private evidence(about: string): HTMLElement {
    const [kind, id = ""] = about.split("/");
    const props = { class: "link", "data-key": `evidence-${about}` };
    const words = evidenceWords(about);
    if (kind === "bookings") return button(words, () => this.bookingWanted.emit(id), props);
    if (kind === "settlements") return button(words, () => this.settlementWanted.emit(id), props);
    if (kind === "documents") return button(words, () => void this.showDocument(id), props);
    return h("span", { class: "evidence" }, words);
  }

  private async showDocument(id: string): Promise<void> {
    try {
      const path = `/v1/documents/${encodeURIComponent(id)}`;
      const { client } = this.api;
      const { content_type: form } = await client.get<{ content_type: string }>(path);
      await this.viewer.open(`Document ${id}`, form, () => client.blob(`${path}/content`, form));
    } catch (error) {
      this.say(refusalWords(error, this.rights, "documents:read"));
    }
  }

  private payout(payout: Payout): HTMLElement {
    const { id, amount, status, attempts, purpose } = payout;
    const utr = utrOf(payout);
    const last = attempts.at(-1);
    const again = (): void => void this.act(() => this.api.retry(payout), "payouts:write");
    const sent = last === undefined ? null : `${last.mode} ${when(last.asked_at)}`;
    const tries = attempts.length > 1 && `tried ${attempts.length} times`;
    return moneyRow({
      key: `payouts/${id}`,
      title: purpose === "advance" ? "Advance" : "Settlement",
      state: payoutState(status),
      amount: exactly(amount),
      below: [sent, tries, utr && `UTR ${utr}`],
      trouble: payoutTrouble(payout),
      actions: [
        isRetriable(payout) &&
          this.rights.may("payouts:write") &&
          button("Send it again", again, { "data-key": `retry-${id}` }),
      ],
    });
  }
}

function linesTable(
  { lines, balance }: Settlement,
  row: (line: SettlementLine) => HTMLElement,
): HTMLElement {
  if (lines.length === 0) return empty("It has no lines yet.");
  const earned = lines.filter(({ amount }) => amount.amount_minor > 0);
  const off = lines.filter(({ amount }) => amount.amount_minor <= 0);
  const sum = (some: readonly SettlementLine[]): number => {
    return some.reduce((total, { amount }) => total + amount.amount_minor, 0);
  };
  const total = (words: string, minor: number): HTMLElement => {
    const whole = minor < 0 ? `−${exact(-minor)}` : exact(minor);
    return h("tr", { class: "total" }, h("th", { scope: "row" }, words), h("td", {}, whole));
  };
  return h(
    "div",
    { class: "price-view" },
    h(
      "table",
      { "aria-label": "Lines" },
      h("tbody", {}, ...earned.map(row), total("Earned", sum(earned))),
      off.length > 0 && h("tbody", {}, ...off.map(row), total("Taken off", sum(off))),
      h("tfoot", {}, total("To be paid", balance.amount_minor)),
    ),
  );
}

const KINDS: Record<string, string> = {
  charges: "charge",
  adjustments: "adjustment",
  documents: "document",
  payouts: "payout",
  offers: "offer",
  settlements: "settlement",
};

/** What it is, then which: `bookings/b1/charges/c1` is a charge, `bookings/b1/L1/S2` a proof. */
export function evidenceWords(about: string): string {
  const [kind = "", id = "", part, ...rest] = about.split("/");
  if (kind === "bookings") {
    if (part === undefined) return `booking ${id}`;
    return [KINDS[part] ?? `proof ${part}`, ...rest].join(" ");
  }
  const name = KINDS[kind];
  return name === undefined ? about : `${name} ${id}`;
}
