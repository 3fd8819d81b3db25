// The tenant's alert rules: each kind in a line, edited, tried on what has happened, and saved.

import { kindWords, SEVERITY_WORDS } from "../alerts/words";
import { ApiError } from "../api/client";
import type { Rights } from "../booking/rights";
import { button, empty, walk } from "../booking/rows";
import { failed, refusalWords } from "../money/rows";
import { h, replace } from "../ui/dom";
import type { RulesApi } from "./api";
import { BacktestView } from "./backtest_view";
import { HistoryView } from "./history_view";
import {
  differences,
  duration,
  edited,
  fieldWords,
  laidOver,
  MEASURES,
  typedNumber,
  whole,
} from "./model";
import { RuleForm } from "./rule_form";
import type { ConfigTree, Kinds, KindRule } from "./types";

const DAYS = "7";
const STALE = 412;

export class RulesView {
  readonly element = h("div", { class: "rules" });
  private readonly api: RulesApi;
  private readonly rights: Rights;
  private readonly note = h("div", { role: "status" });
  private readonly list = h("ol", { class: "kinds", "aria-label": "Alert rules" });
  private readonly place = h("div", { class: "rule-place" });
  private readonly changes = h("div", { class: "rule-changes" });
  private readonly test: BacktestView;
  private readonly history: HistoryView;
  private readonly days = h("input", { value: DAYS, inputmode: "numeric", "aria-label": "Days" });
  private readonly lane = h("input", { placeholder: "all lanes", "aria-label": "Lane" });
  private readonly reason = h("input", { placeholder: "why?", "aria-label": "Reason" });
  private holds: ConfigTree | null = null;
  private draft: Kinds = {};
  private chosen: string | null = null;
  private form: RuleForm | null = null;
  private isSound = true;

  constructor(api: RulesApi, rights: Rights) {
    this.api = api;
    this.rights = rights;
    this.test = new BacktestView();
    this.history = new HistoryView(api, rights);
    this.history.rolledBack.on(() => void this.load());
    this.list.addEventListener("keydown", (event) => {
      walk(event, [...this.list.querySelectorAll<HTMLElement>("button")]);
    });
    const parts = [this.note, this.list, this.place, this.changes, this.test.element];
    this.element.append(...parts, this.history.element);
    replace(this.note, empty("Loading …"));
  }

  /** What is being edited is not taken out of anybody's hands. */
  refresh(): Promise<void> {
    return this.holds === null ? this.load() : Promise.resolve();
  }

  private get edits(): string[] {
    return this.holds === null ? [] : edited(this.holds.value.kinds, this.draft);
  }

  private async load(): Promise<void> {
    try {
      const found = await this.api.rules();
      this.holds = { ...found, value: { ...found.value, kinds: whole(found.value.kinds) } };
    } catch (error) {
      const words = refusalWords(error, this.rights, "config:read");
      replace(
        this.note,
        failed(words, () => void this.load()),
      );
      return;
    }
    replace(this.note);
    this.draft = {};
    this.isSound = true;
    this.draw();
    await this.history.show(this.holds.version);
  }

  private ruleOf(kind: string): KindRule | undefined {
    return this.draft[kind] ?? this.holds?.value.kinds[kind];
  }

  private draw(): void {
    const kinds = Object.keys(this.holds?.value.kinds ?? {});
    kinds.sort((a, b) => kindWords(a).localeCompare(kindWords(b)));
    replace(this.list, ...kinds.map((kind) => this.row(kind)));
    this.drawChanges();
    if (this.chosen !== null) this.open(this.chosen, false);
  }

  private row(kind: string): HTMLElement {
    const rule = this.ruleOf(kind);
    const isEdited = this.edits.includes(kind);
    const from = rule?.trigger ?? null;
    const said = [
      from !== null && `from ${from} ${MEASURES[kind] ?? ""}`.trim(),
      rule !== undefined && rule.trigger_s > 0 && `for ${duration(rule.trigger_s)}`,
      rule !== undefined && rule.escalation.length > 0 && `escalates to L${rule.escalation.length}`,
    ];
    const severity = rule?.severity ?? "info";
    return h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: `kind severity-${severity}`,
          "data-key": kind,
          "data-edited": String(isEdited),
          "aria-expanded": String(kind === this.chosen),
          onclick: () => this.open(kind, true),
        },
        h("span", { class: "severity" }, rule?.enabled ? SEVERITY_WORDS[severity] : "off"),
        h("b", {}, kindWords(kind)),
        h("span", { class: "soft" }, said.filter(Boolean).join(" · ")),
        isEdited && h("em", {}, "edited"),
      ),
    );
  }

  private open(kind: string, isAsked: boolean): void {
    const rule = this.ruleOf(kind);
    if (rule === undefined) return;
    if (isAsked && this.chosen === kind) {
      this.chosen = null;
      this.form = null;
      replace(this.place);
      this.redrawRows();
      return;
    }
    this.chosen = kind;
    const form = new RuleForm(kind, rule);
    this.form = form;
    form.changed.on((typed) => this.typed(kind, typed));
    const close = button("Done", () => this.open(kind, true));
    const head = h("div", { class: "row" }, h("h3", {}, kindWords(kind)), close);
    const box = h(
      "section",
      { class: "rule-box", "aria-label": `Rule: ${kindWords(kind)}` },
      head,
      form.element,
    );
    replace(this.place, box);
    this.redrawRows();
    if (isAsked) {
      box.scrollIntoView({ block: "nearest" });
      form.element.querySelector<HTMLElement>("input, select")?.focus({ preventScroll: true });
    }
  }

  private typed(kind: string, rule: KindRule | null): void {
    this.isSound = rule !== null;
    if (rule !== null) this.draft = { ...this.draft, [kind]: rule };
    this.redrawRows();
    this.drawChanges();
  }

  /** In their places: the focus stays where it is. */
  private redrawRows(): void {
    for (const row of this.list.querySelectorAll<HTMLElement>("button[data-key]"))
      row.parentElement?.replaceWith(this.row(row.dataset["key"] ?? ""));
  }

  private drawChanges(): void {
    const kinds = this.edits;
    if (kinds.length === 0) {
      replace(this.changes);
      return;
    }
    const lines = kinds.flatMap((kind) => {
      const rule = this.draft[kind];
      const found = rule === undefined ? [] : differences(this.holds?.value.kinds[kind], rule);
      return found.map(({ name, before, after }) => {
        return h(
          "li",
          {},
          `${kindWords(kind)}: ${fieldWords(name)} `,
          h("del", {}, before),
          " ",
          h("ins", {}, after),
        );
      });
    });
    const may = this.rights.may("config:write");
    const tries = this.rights.may("alerts:rules");
    replace(
      this.changes,
      h("h3", {}, "Not saved yet"),
      h("ul", {}, ...lines),
      tries &&
        h(
          "div",
          { class: "try row" },
          h("span", {}, "Try it on the last"),
          this.days,
          h("span", {}, "days,"),
          this.lane,
          button("Back-test", () => void this.tryOut()),
        ),
      may &&
        h(
          "div",
          { class: "row" },
          this.reason,
          button("Save as a new version", () => void this.save(), { class: "primary" }),
          button("Forget it", () => void this.load()),
        ),
      !may &&
        h("p", { class: "soft" }, "You may look at the rules, and not change them (config:write)."),
    );
  }

  private async tryOut(): Promise<void> {
    if (this.holds === null || !this.isSound) return;
    const days = typedNumber(this.days.value) ?? Number(DAYS);
    this.test.busy(days);
    try {
      const kinds = laidOver(this.holds.value.kinds, this.draft);
      this.test.show(await this.api.backtest(days, kinds, this.lane.value.trim()));
    } catch (error) {
      this.refused(error, "alerts:rules");
      this.test.failed(refusalWords(error, this.rights, "alerts:rules"));
    }
  }

  private async save(): Promise<void> {
    if (this.holds === null || !this.isSound) return;
    const reason = this.reason.value.trim();
    if (reason === "") {
      replace(
        this.note,
        h("p", { class: "notice bad", role: "alert" }, "Say why: it stands in the history."),
      );
      this.reason.focus();
      return;
    }
    try {
      const kinds = laidOver(this.holds.value.kinds, this.draft);
      await this.api.save(kinds, reason, this.holds.version);
    } catch (error) {
      this.refused(error, "config:write");
      return;
    }
    this.reason.value = "";
    this.test.clear();
    await this.load();
    replace(this.note, h("p", { class: "notice" }, "Saved. The new rules hold within seconds."));
  }

  /** At the field where that is open, else in one sentence. */
  private refused(error: unknown, permission: string): void {
    const errors = error instanceof ApiError ? error.errors : [];
    const left = this.form?.show(errors) ?? errors;
    const isStale = error instanceof ApiError && error.status === STALE;
    const words = isStale
      ? "Somebody else has saved rules meanwhile. Forget yours, look at theirs, and edit again."
      : refusalWords(error, this.rights, permission);
    const isSaid = errors.length > 0 && left.length === 0;
    replace(this.note, !isSaid && h("p", { class: "notice bad", role: "alert" }, words));
  }
}
