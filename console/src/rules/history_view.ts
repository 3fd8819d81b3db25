// Every version of the alert rules: who changed what and why, and a way back to it.

import { personWords } from "../alerts/words";
import type { Rights } from "../booking/rights";
import { button, empty } from "../booking/rows";
import { FormDialog } from "../money/form_dialog";
import { failed, refusalWords } from "../money/rows";
import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import { clock } from "../ui/format";
import type { RulesApi } from "./api";
import { changeWords } from "./change_words";
import type { ConfigVersion, Kinds } from "./types";

export class HistoryView {
  readonly element = h("section", { class: "rule-history", "aria-label": "Versions" });
  readonly rolledBack = new Signal<void>();
  private readonly api: RulesApi;
  private readonly rights: Rights;
  private readonly dialog: FormDialog;
  private version = 0;
  private usual: Kinds = {};

  constructor(api: RulesApi, rights: Rights) {
    this.api = api;
    this.rights = rights;
    this.dialog = new FormDialog(rights);
  }

  async show(version: number, usual: Kinds): Promise<void> {
    this.version = version;
    this.usual = usual;
    try {
      this.draw(await this.api.history());
    } catch (error) {
      const words = refusalWords(error, this.rights, "config:read");
      replace(
        this.element,
        failed(words, () => void this.show(version, usual)),
      );
    }
  }

  private draw(versions: readonly ConfigVersion[]): void {
    const rows = versions.map((each) => this.row(each));
    const list = h("ol", { class: "life" }, ...rows);
    const none = empty("Nobody has changed them: they are as delivered.");
    replace(
      this.element,
      h("h3", {}, "Versions"),
      versions.length > 0 ? list : none,
      this.dialog.element,
    );
  }

  private row(each: ConfigVersion): HTMLElement {
    const { version, at, author, reason, restores, changes } = each;
    const told = changes.flatMap((each) => changeWords(each, this.usual));
    const back = restores === null ? "" : ` (back to version ${restores})`;
    const may = this.rights.may("config:write") && version !== this.version;
    return h(
      "li",
      { "data-version": String(version) },
      h("b", {}, `Version ${version}${back}`),
      h(
        "span",
        { class: "soft" },
        `${clock(at)} · ${personWords(author)}${reason ? ` · “${reason}”` : ""}`,
      ),
      ...told.slice(0, 8).map((line) => h("span", {}, line)),
      told.length > 8 && h("span", { class: "soft" }, `and ${told.length - 8} more`),
      may && button(`Back to version ${version}`, () => this.ask(version), { class: "link" }),
    );
  }

  private ask(to: number): void {
    const reason = h("input", { autocomplete: "off" });
    this.dialog.open({
      title: `Back to version ${to}`,
      about: "A new version in which all rules are as they were then. It holds within seconds.",
      fields: [{ pointer: "/reason", label: "Reason", input: reason }],
      submit: "Go back",
      permission: "config:write",
      work: async () => {
        await this.api.rollBack(to, reason.value.trim(), this.version);
        return null;
      },
      done: () => this.rolledBack.emit(),
    });
  }
}
