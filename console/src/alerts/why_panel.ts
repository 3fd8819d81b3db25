// Why this alert: the rule and what it met, the fixes on the map, its life, what people said.

import type { Rights } from "../booking/rights";
import { button, Redraw } from "../booking/rows";
import { failed, refusalWords, stateBadge } from "../money/rows";
import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import { clock } from "../ui/format";
import type { AlertApi } from "./api";
import { type Command, keyOf } from "./keys";
import type { Proof } from "./proof";
import type { Alert, WholeAlert } from "./types";
import {
  kindWords,
  nameWords,
  personWords,
  SEVERITY_WORDS,
  standing,
  stateWords,
  turnWords,
  valueWords,
  whoseWords,
} from "./words";

export class WhyPanel {
  readonly element = h("section", { class: "why", "aria-label": "Why this alert", hidden: true });
  readonly commanded = new Signal<Command>();
  readonly commented = new Signal<string>();
  readonly bookingWanted = new Signal<string>();
  private readonly api: AlertApi;
  private readonly rights: Rights;
  private readonly now: () => number;
  private readonly head = h("div", { class: "why-head" });
  private readonly body = h("div", { class: "why-body" });
  private readonly note = h("div", { role: "status" });
  private readonly comment = h("textarea", {
    rows: "2",
    placeholder: "What do others need to know?",
    "aria-label": "Comment",
  });
  private readonly redraw: Redraw;
  private alert: Alert | null = null;
  private whole: WholeAlert | null = null;
  private proof: Proof | null = null;
  /** Why there is no proof. */
  private trouble = "";
  private asked = 0;

  constructor(api: AlertApi, rights: Rights, now: () => number) {
    this.api = api;
    this.rights = rights;
    this.now = now;
    this.redraw = new Redraw(this.body);
    const form = h("form", { class: "say" }, this.comment, h("button", { type: "submit" }, "Send"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.say();
    });
    this.comment.addEventListener("keydown", (event) => this.key(event));
    form.hidden = !rights.may("alerts:write");
    this.element.append(this.head, this.note, this.body, form);
  }

  focusComment(): void {
    this.comment.focus();
  }

  /** Draws what is known of it at once; the rest follows. */
  show(alert: Alert | null): void {
    const isAnother = alert?.id !== this.alert?.id;
    this.alert = alert;
    this.element.hidden = alert === null;
    if (isAnother) {
      this.whole = null;
      this.proof = null;
      this.trouble = "";
      this.asked += 1;
      this.comment.value = "";
      replace(this.note);
    }
    if (alert === null) return;
    this.drawHead(alert);
    this.drawBody();
    if (isAnother || this.whole === null || this.whole.version < alert.version) void this.refresh();
  }

  proven(proof: Proof): void {
    this.proof = proof;
    this.drawBody();
  }

  unproven(words: string): void {
    this.trouble = words;
    this.drawBody();
  }

  async refresh(): Promise<void> {
    const id = this.alert?.id;
    if (id === undefined) return;
    this.asked += 1;
    const mine = this.asked;
    try {
      const whole = await this.api.whole(id);
      if (mine !== this.asked) return;
      this.whole = whole;
      replace(this.note);
      this.drawBody();
    } catch (error) {
      if (mine !== this.asked) return;
      const words = refusalWords(error, this.rights, "alerts:read");
      replace(
        this.note,
        failed(words, () => void this.refresh()),
      );
    }
  }

  private key(event: KeyboardEvent): void {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.say();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.comment.blur();
    }
  }

  private say(): void {
    const text = this.comment.value.trim();
    if (text === "") return;
    this.comment.value = "";
    this.comment.blur();
    this.commented.emit(text);
  }

  /** What was typed is not lost with the line. */
  giveBack(text: string): void {
    if (this.comment.value === "") this.comment.value = text;
  }

  private drawHead(alert: Alert): void {
    const { severity, state, kind, title, text, booking } = alert;
    const said = standing(alert, this.now()).join(" · ");
    const named = whoseWords(alert);
    const link = (id: string): HTMLElement =>
      button(id, () => this.bookingWanted.emit(id), { class: "link" });
    const whose = booking === null ? named : h("span", {}, alert.truck, " ", link(booking));
    replace(
      this.head,
      h(
        "p",
        { class: "soft" },
        h("span", { class: `severity severity-${severity}` }, SEVERITY_WORDS[severity]),
        " ",
        stateBadge(stateWords(state)),
        " ",
        whose,
      ),
      h("h3", {}, title || kindWords(kind)),
      h("p", {}, text),
      said !== "" && h("p", { class: "soft" }, said),
      this.actions(alert),
    );
  }

  private actions(alert: Alert): HTMLElement {
    const isOver = alert.state === "resolved" || alert.state === "retracted";
    const act = (command: Command, words: string, isPrimary = false): HTMLElement => {
      const key = h("kbd", { "aria-hidden": "true" }, keyOf(command));
      const props = { type: "button", class: isPrimary ? "primary" : "plain" };
      return h(
        "button",
        { ...props, onclick: () => this.commanded.emit(command) },
        words,
        " ",
        key,
      );
    };
    const mine = this.rights.isMe(alert.assigned_to);
    const steps = [
      alert.state === "raised" && act("acknowledge", "Acknowledge", true),
      !isOver && act("snooze", "Snooze"),
      !isOver && act("resolve", "Resolve"),
      !isOver && act("assign", mine ? "Give it back" : "Assign to me"),
      act("true_alert", "True"),
      act("false_alert", "False alert"),
    ];
    const may = this.rights.may("alerts:write") ? steps : [];
    return h("div", { class: "actions" }, ...may, act("open", "Open on map"));
  }

  private drawBody(): void {
    const { alert, whole, proof, trouble } = this;
    if (alert === null) return;
    const { evidence } = alert;
    this.redraw.with([alert.id, evidence, whole?.history, whole?.comments, proof, trouble], () => {
      replace(
        this.body,
        h("h3", {}, "Why"),
        this.basis(alert),
        h("p", { class: "soft", "data-proof": "" }, proof?.drawn ?? trouble),
        proof !== null && this.told(proof),
        ...(whole === null ? [] : [this.comments(whole), this.life(whole)]),
      );
    });
  }

  private basis({ evidence }: Alert): HTMLElement {
    const { rule, version, facts, from, to } = evidence;
    const { proof } = this;
    const told = Object.entries(facts).filter(([name, value]) => isTold(name, value));
    const rows = told.map(([name, value]) => {
      return row(nameWords(name), valueWords(name, value));
    });
    const values = (proof?.rule ?? []).map(([name, value]) => row(name, value));
    const isOther = proof !== null && !proof.isSameRule;
    const note = isOther && row("", "The rule has changed since; this is how it is now.");
    return h(
      "dl",
      { class: "facts" },
      ...rows,
      row("seen", `${clock(from)} to ${clock(to)}`),
      row("rule", h("code", {}, rule.join(" + "))),
      row("version", h("code", {}, version)),
      note,
      ...values,
    );
  }

  private told({ facts }: Proof): HTMLElement | null {
    if (facts.length === 0) return null;
    const lines = facts.map((line) => h("li", {}, line));
    return h("ol", { class: "life", "aria-label": "Facts" }, ...lines);
  }

  private comments({ comments }: WholeAlert): HTMLElement {
    // To be read on: the newest last, where one's own is written.
    const said = comments.toReversed().map(({ at, by, text }) => {
      const head = h("span", { class: "soft" }, `${personWords(by)} · ${clock(at)}`);
      return h("li", {}, head, h("p", {}, text));
    });
    const list = h("ol", { class: "comments", "aria-label": "Comments" }, ...said);
    return h("div", {}, comments.length > 0 && h("h3", {}, "Comments"), list);
  }

  private life({ history }: WholeAlert): HTMLElement {
    const turns = history.map((turn) => {
      const words = h("span", {}, turnWords(turn));
      const whose = h("span", { class: "soft" }, `${clock(turn.at)} · ${personWords(turn.by)}`);
      return h("li", {}, words, whose);
    });
    const list = h("ol", { class: "life", "aria-label": "History" }, ...turns);
    return h("div", {}, h("h3", {}, "History"), list);
  }
}

/** Where it was is on the map; what is not known says nothing. */
function isTold(name: string, value: unknown): boolean {
  return !/^(lat|lon|position)$/.test(name) && value !== null && typeof value !== "object";
}

function row(name: string, value: Node | string): HTMLElement {
  return h("div", {}, h("dt", {}, name), h("dd", {}, value));
}
