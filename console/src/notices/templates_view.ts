// What messages say: each kind's texts by language and channel, beside what becomes of them.

import { personWords } from "../alerts/words";
import { ApiError } from "../api/client";
import { Fields, problemWords } from "../booking/problems";
import type { Rights } from "../booking/rights";
import { button, empty, Redraw, walk } from "../booking/rows";
import { choice } from "../money/form_dialog";
import { failed, refusalWords } from "../money/rows";
import { h, replace } from "../ui/dom";
import { clock } from "../ui/format";
import type { NoticesApi } from "./api";
import type { Form, Preview, Template } from "./types";
import { channelWords, kindOfNotice, segmentWords } from "./words";

const PREVIEW_AFTER_MS = 300;
const WRITE = "templates:write";

export class TemplatesView {
  readonly element = h("section", { class: "templates", "aria-label": "Templates" });
  private readonly api: NoticesApi;
  private readonly rights: Rights;
  private readonly note = h("div", { role: "status" });
  private readonly filters = h("div", { class: "pair" });
  private readonly list = h("ol", { "aria-label": "Message templates" });
  private readonly redraw = new Redraw(this.list);
  private readonly editor = h("div", { class: "template-editor" });
  private readonly shown = h("div", { class: "preview", "aria-live": "polite" });
  private all: Template[] = [];
  private kind = "";
  private language = "";
  private chosen: Template | null = null;
  private timer: number | undefined;
  private asked = 0;

  constructor(api: NoticesApi, rights: Rights) {
    this.api = api;
    this.rights = rights;
    this.list.addEventListener("keydown", (event) => {
      walk(event, [...this.list.querySelectorAll<HTMLElement>("button")]);
    });
    replace(this.note, empty("Loading …"));
    this.element.append(this.note, this.filters, this.list, this.editor);
  }

  async refresh(): Promise<void> {
    try {
      this.all = await this.api.templates();
    } catch (error) {
      const words = refusalWords(error, this.rights, "notifications:read");
      replace(
        this.note,
        failed(words, () => void this.refresh()),
      );
      return;
    }
    replace(this.note);
    if (this.filters.childElementCount === 0) this.drawFilters();
    this.draw();
  }

  private drawFilters(): void {
    const kinds = [...new Set(this.all.map(({ kind }) => kind))].sort();
    const languages = [...new Set(this.all.map(({ language }) => language))].sort();
    const kind = choice([
      ["", "all kinds"],
      ...kinds.map((each) => [each, kindOfNotice(each)] as const),
    ]);
    const language = choice([
      ["", "all languages"],
      ...languages.map((each) => [each, languageWords(each)] as const),
    ]);
    kind.setAttribute("aria-label", "Kind");
    language.setAttribute("aria-label", "Language");
    kind.addEventListener("change", () => {
      this.kind = kind.value;
      this.draw();
    });
    language.addEventListener("change", () => {
      this.language = language.value;
      this.draw();
    });
    replace(this.filters, kind, language);
  }

  private draw(): void {
    const found = this.all.filter(
      ({ kind, language }) =>
        (this.kind === "" || kind === this.kind) &&
        (this.language === "" || language === this.language),
    );
    this.redraw.with([found, this.chosen?.id], () => {
      replace(this.list, ...found.map((each) => this.row(each)));
    });
  }

  private row(template: Template): HTMLElement {
    const { id, kind, language, channel, is_shipped, changed_at, changed_by } = template;
    const who = is_shipped
      ? "as shipped"
      : `version ${template.version} · ${personWords(changed_by)} · ${clock(changed_at ?? "")}`;
    const isChosen = this.chosen?.id === id;
    const open = (): void => this.open(template);
    return h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: "money-row",
          "data-key": id,
          "aria-expanded": String(isChosen),
          onclick: open,
        },
        h("b", {}, kindOfNotice(kind)),
        h("span", { class: "amount" }, `${languageWords(language)} · ${channelWords(channel)}`),
        h("span", { class: "soft" }, who),
      ),
    );
  }

  private open(template: Template): void {
    this.chosen = template;
    this.draw();
    const fields = new Fields("template");
    const title = h("input", { value: template.title, autocomplete: "off" });
    const text = area(template.text, 5);
    const html = area(template.html ?? "", 4);
    const isMail = template.channel === "email";
    const form = (): Form => ({
      ...formOf(template),
      title: title.value,
      text: text.value,
      html: isMail && html.value.trim() !== "" ? html.value : null,
    });
    const look = (): void => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(
        () => void this.preview(template, form(), fields, text),
        PREVIEW_AFTER_MS,
      );
    };
    for (const each of [title, text, html]) each.addEventListener("input", look);
    const note = h("div", { role: "status" });
    const save = button("Save", () => void this.save(template, form(), fields, note), {
      class: "primary",
    });
    save.hidden = !this.rights.may(WRITE);
    const { kind, language, channel } = template;
    const head = `${kindOfNotice(kind)}, ${languageWords(language)}, ${channelWords(channel)}`;
    replace(
      this.editor,
      h("h3", {}, head),
      fields.add("title", "Title", title),
      fields.add("text", "Text", text, "{{name}} is filled in"),
      isMail && fields.add("html", "E-mail", html, "simple tags only; empty: the text"),
      this.shown,
      note,
      h(
        "div",
        { class: "actions" },
        save,
        button("Close", () => this.close()),
      ),
    );
    replace(this.shown);
    void this.preview(template, form(), fields, text);
    this.editor.scrollIntoView({ block: "nearest" });
    text.focus({ preventScroll: true });
  }

  private close(): void {
    this.chosen = null;
    replace(this.editor);
    this.draw();
  }

  private async preview(
    template: Template,
    form: Form,
    fields: Fields,
    text: HTMLTextAreaElement,
  ): Promise<void> {
    this.asked += 1;
    const mine = this.asked;
    let found: Preview;
    try {
      found = await this.api.preview(template, form);
    } catch (error) {
      if (mine !== this.asked) return;
      replace(this.shown, h("p", { class: "notice bad", role: "alert" }, problemWords(error)));
      return;
    }
    if (mine !== this.asked) return;
    const at = document.activeElement;
    const left = fields.show(
      found.problems.map(({ field, detail }) => ({ pointer: field, detail })),
    );
    if (at instanceof HTMLElement) at.focus({ preventScroll: true });
    replace(
      this.shown,
      h("h3", {}, "Preview"),
      found.text === null
        ? h("p", { class: "soft" }, "It cannot be written like this.")
        : h(
            "blockquote",
            { lang: template.language },
            found.title ? h("b", {}, found.title) : null,
            h("p", {}, found.text),
          ),
      found.html !== null && mail(found.html),
      found.segments !== null && h("p", { class: "soft segments" }, segmentWords(found.segments)),
      ...left.map(({ detail }) => h("p", { class: "notice" }, detail)),
      this.variables(found, text),
    );
  }

  private variables({ variables }: Preview, text: HTMLTextAreaElement): HTMLElement | null {
    if (variables.length === 0) return null;
    const insert = (name: string): void => {
      text.setRangeText(`{{${name}}}`, text.selectionStart, text.selectionEnd, "end");
      text.dispatchEvent(new Event("input"));
      text.focus();
    };
    const names = variables.map(({ name, sample }) =>
      button(name, () => insert(name), { title: sample }),
    );
    return h(
      "details",
      {},
      h("summary", {}, "What it can say"),
      h("div", { class: "filters" }, ...names),
    );
  }

  private async save(
    template: Template,
    form: Form,
    fields: Fields,
    note: HTMLElement,
  ): Promise<void> {
    fields.clear();
    try {
      const saved = await this.api.save(template, form);
      replace(note, h("p", { class: "notice" }, `Saved as version ${saved.version}.`));
      await this.refresh();
      this.chosen = saved;
      this.draw();
    } catch (error) {
      const errors = error instanceof ApiError ? error.errors : [];
      const left = fields.show(
        errors.map((each) => ({ ...each, pointer: (each.pointer ?? "").slice(1) })),
      );
      const isSaid = errors.length > 0 && left.length === 0;
      const words = refusalWords(error, this.rights, WRITE);
      replace(note, !isSaid && h("p", { class: "notice bad", role: "alert" }, words));
    }
  }
}

function area(value: string, rows: number): HTMLTextAreaElement {
  const made = h("textarea", { rows: String(rows), spellcheck: "true" });
  made.value = value;
  return made;
}

function formOf(template: Template): Form {
  const { title, text, html, provider_template, provider_language } = template;
  const { dlt_template, dlt_entity, header, parameters, link } = template;
  const ids = { provider_template, provider_language, dlt_template, dlt_entity };
  return { title, text, html, ...ids, header, parameters, link };
}

/** Nothing in it can run or load: it is looked at, no more. */
function mail(html: string): HTMLElement {
  return h("iframe", { sandbox: "", srcdoc: html, title: "E-mail", class: "mail" });
}

function languageWords(language: string): string {
  return new Intl.DisplayNames(["en"], { type: "language" }).of(language) ?? language;
}
