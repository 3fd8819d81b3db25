// A form over the page: what the server says is wrong stands at its field, until it is done.

import { ApiError } from "../api/client";
import { Fields } from "../booking/problems";
import type { Rights } from "../booking/rights";
import { button } from "../booking/rows";
import { h, replace } from "../ui/dom";
import { refusalWords } from "./rows";

const INVALID = 422;
// Ids of fields are the page's: two dialogs must not share any.
let dialogs = 0;

export interface FormField {
  pointer: string;
  label: string;
  input: HTMLElement;
  hint?: string;
}

export interface FormWish {
  title: string;
  about?: string;
  fields: readonly FormField[];
  submit: string;
  permission: string;
  /** Gives what is to be shown then; null: that was all. */
  work: () => Promise<HTMLElement | null>;
  /** After it was done, whether it is closed at once or shows something. */
  done: () => void;
}

export class FormDialog {
  readonly element = h("dialog", { class: "settings" });
  private readonly rights: Rights;
  private readonly name: string;

  constructor(rights: Rights) {
    this.rights = rights;
    dialogs += 1;
    this.name = `form-${dialogs}`;
    // What was typed, and a link that was shown, are not kept behind the page.
    // Told a little later: by then it may be open again.
    this.element.addEventListener("close", () => {
      if (!this.element.open) replace(this.element);
    });
  }

  open(wish: FormWish): void {
    const fields = new Fields(this.name);
    const problem = h("p", { class: "notice bad", role: "alert", hidden: true });
    const submit = h("button", { type: "submit", class: "primary" }, wish.submit);
    const form = h(
      "form",
      { novalidate: true },
      h("h2", {}, wish.title),
      wish.about ? h("p", { class: "soft" }, wish.about) : null,
      ...wish.fields.map(({ pointer, label, input, hint }) => {
        return fields.add(pointer, label, input, hint);
      }),
      problem,
      h("div", { class: "actions" }, button("Not now", () => this.element.close()), submit),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.send(wish, fields, problem, submit);
    });
    this.element.setAttribute("aria-label", wish.title);
    replace(this.element, form);
    this.element.showModal();
    (wish.fields[0]?.input ?? submit).focus();
  }

  private async send(
    wish: FormWish,
    fields: Fields,
    problem: HTMLElement,
    submit: HTMLButtonElement,
  ): Promise<void> {
    fields.clear();
    problem.hidden = true;
    submit.disabled = true;
    let shown: HTMLElement | null;
    try {
      shown = await wish.work();
    } catch (error) {
      const errors = error instanceof ApiError ? error.errors : [];
      const left = fields.show(errors);
      const isSaid = errors.length > 0 && left.length === 0;
      if (!isSaid) problem.textContent = refusalWords(error, this.rights, wish.permission);
      problem.hidden = isSaid;
      return;
    } finally {
      submit.disabled = false;
    }
    if (shown === null) this.element.close();
    else this.show(wish.title, shown);
    wish.done();
  }

  private show(title: string, shown: HTMLElement): void {
    const close = button("Done", () => this.element.close(), { class: "primary" });
    const box = h("form", { method: "dialog" }, h("h2", {}, title), shown);
    box.append(h("div", { class: "actions" }, close));
    replace(this.element, box);
    (box.querySelector<HTMLElement>("input, button") ?? close).focus();
  }
}

/** What is wrong with a field before anybody was asked. */
export function wrong(pointer: string, detail: string): ApiError {
  return new ApiError(INVALID, detail, null, [{ pointer, detail }]);
}

export function choice(options: readonly (readonly [value: string, words: string])[]) {
  const select = h("select", {});
  select.append(...options.map(([value, words]) => h("option", { value }, words)));
  return select;
}
