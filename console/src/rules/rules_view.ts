// The tenant's alert rules: each kind in a line, edited, tried on what has happened, and saved.

import { kindWords, SEVERITY_WORDS } from "../alerts/words";
import { ApiError } from "../api/client";
import type { Rights } from "../booking/rights";
import { button, empty, walk } from "../booking/rows";
import { failed, refusalWords } from "../money/rows";
import { h, replace } from "../ui/dom";
import type { RulesApi } from "./api";
import { BacktestView } from "./backtest_view";
import { ChangesView } from "./changes_view";
import { HistoryView } from "./history_view";
import { duration, edited, MEASURES, usualKinds, whole } from "./model";
import { OverridesView } from "./overrides_view";
import { RuleForm } from "./rule_form";
import type { ConfigTree, Edits, Kinds, KindRule } from "./types";

const STALE = 412;

export class RulesView {
  readonly element = h("div", { class: "rules" });
  private readonly api: RulesApi;
  private readonly rights: Rights;
  private readonly note = h("div", { role: "status" });
  private readonly list = h("ol", { class: "kinds", "aria-label": "Alert rules" });
  private readonly place = h("div", { class: "rule-place" });
  private readonly overrides: OverridesView;
  private readonly changes: ChangesView;
  private readonly test: BacktestView;
  private readonly history: HistoryView;
  private holds: ConfigTree | null = null;
  private draft: Kinds = {};
  private chosen: string | null = null;
  private form: RuleForm | null = null;
  private isTyped = true;
  private loading: Promise<void> | null = null;

  constructor(api: RulesApi, rights: Rights) {
    this.api = api;
    this.rights = rights;
    this.overrides = new OverridesView(rights);
    this.changes = new ChangesView(rights);
    this.test = new BacktestView();
    this.history = new HistoryView(api, rights);
    this.history.rolledBack.on(() => void this.load());
    this.list.addEventListener("keydown", (event) => {
      walk(event, [...this.list.querySelectorAll<HTMLElement>("button")]);
    });
    this.overrides.changed.on(() => this.drawChanges());
    this.changes.tried.on(({ days, lane }) => void this.tryOut(days, lane));
    this.changes.saved.on((reason) => void this.save(reason));
    this.changes.forgotten.on(() => void this.load());
    const parts = [this.note, this.list, this.place, this.overrides, this.changes, this.test];
    this.element.append(
      ...parts.map((each) => (each instanceof HTMLElement ? each : each.element)),
      this.history.element,
    );
    replace(this.note, empty("Loading …"));
  }

  /** What is being edited is not taken out of anybody's hands. */
  async refresh(): Promise<void> {
    if (this.holds !== null) return;
    // Asked twice at the start, the second answer would take away what was typed after the first.
    this.loading ??= this.load().finally(() => {
      this.loading = null;
    });
    await this.loading;
  }

  private get edits(): Edits {
    const names = this.holds === null ? [] : edited(this.holds.value.kinds, this.draft);
    const kinds = names.map((kind) => [kind, this.draft[kind]] as [string, KindRule]);
    return { kinds: Object.fromEntries(kinds), ...this.overrides.edits };
  }

  private get isSound(): boolean {
    return this.isTyped && this.overrides.isSound;
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
    this.isTyped = true;
    this.overrides.load(this.holds);
    this.draw();
    await this.history.show(this.holds.version, usualKinds(this.holds));
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
    const isEdited = kind in this.edits.kinds;
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
      // What was no value is not in the draft.
      this.isTyped = true;
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
    this.isTyped = rule !== null;
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
    if (this.holds === null) return;
    this.changes.draw(this.edits, this.holds.value.kinds, this.overrides.before);
  }

  private async tryOut(days: number, lane: string): Promise<void> {
    if (!this.isSound) return;
    this.test.busy(days);
    try {
      this.test.show(await this.api.backtest(days, this.edits, lane));
      replace(this.note);
    } catch (error) {
      this.refused(error, "alerts:rules");
      this.test.failed(refusalWords(error, this.rights, "alerts:rules"));
    }
  }

  private async save(reason: string): Promise<void> {
    if (this.holds === null || !this.isSound) return;
    if (reason === "") {
      replace(
        this.note,
        h("p", { class: "notice bad", role: "alert" }, "Say why: it stands in the history."),
      );
      this.changes.focusReason();
      return;
    }
    try {
      await this.api.save(this.edits, reason, this.holds.version);
    } catch (error) {
      this.refused(error, "config:write");
      return;
    }
    this.changes.clearReason();
    this.test.clear();
    await this.load();
    replace(this.note, h("p", { class: "notice" }, "Saved. The new rules hold within seconds."));
  }

  /** At the field where that is open, else in one sentence. */
  private refused(error: unknown, permission: string): void {
    const errors = error instanceof ApiError ? error.errors : [];
    const ofKinds = this.form?.show(errors) ?? errors;
    const left = this.overrides.show(ofKinds);
    const isStale = error instanceof ApiError && error.status === STALE;
    const words = isStale
      ? "Somebody else has saved rules meanwhile. Forget yours, look at theirs, and edit again."
      : refusalWords(error, this.rights, permission);
    const isSaid = errors.length > 0 && left.length === 0;
    replace(this.note, !isSaid && h("p", { class: "notice bad", role: "alert" }, words));
  }
}
