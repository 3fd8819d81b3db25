// Shows a picture or a PDF over the page, from bytes that were asked for with the token.

import { problemWords } from "../booking/problems";
import { h, ICONS, iconButton, replace } from "../ui/dom";

const PDF = "application/pdf";
/** What browsers draw; anything else is only saved. */
const DRAWN = new Set(["image/jpeg", "image/png", "image/webp"]);

export class PaperViewer {
  readonly element = h("dialog", { class: "settings viewer" });
  private readonly title = h("h2", {});
  private readonly body = h("div", { class: "paper", tabindex: "0" });
  private readonly foot = h("div", { class: "actions" });
  private address: string | null = null;
  private asked = 0;

  constructor() {
    const close = iconButton(ICONS.close, "Close the document", () => this.element.close());
    const head = h("div", { class: "card-head" }, this.title, close);
    this.element.append(h("form", { method: "dialog" }, head, this.body, this.foot));
    // What was shown is forgotten with it.
    this.element.addEventListener("close", () => this.forget());
  }

  async open(title: string, form: string, bytes: () => Promise<Blob>): Promise<void> {
    this.forget();
    const mine = this.asked;
    this.title.textContent = title;
    this.element.setAttribute("aria-label", title);
    replace(this.body, h("p", { class: "empty", role: "status" }, "Loading …"));
    replace(this.foot);
    if (!this.element.open) this.element.showModal();
    try {
      const blob = await bytes();
      if (mine === this.asked) this.show(title, form, URL.createObjectURL(blob));
    } catch (error) {
      const said = h("p", { class: "notice bad", role: "alert" }, problemWords(error));
      if (mine === this.asked) replace(this.body, said);
    }
  }

  private show(title: string, form: string, address: string): void {
    this.address = address;
    replace(this.body, drawn(title, form, address));
    const save = h("a", { href: address, download: fileName(title, form) }, "Save it");
    const apart = h("a", { href: address, target: "_blank" }, "Open in a tab of its own");
    replace(this.foot, save, (form === PDF || DRAWN.has(form)) && apart);
  }

  private forget(): void {
    this.asked += 1;
    replace(this.body);
    if (this.address !== null) URL.revokeObjectURL(this.address);
    this.address = null;
  }
}

/** The bytes have no type but the one that they were asked for as: nothing in them can run here. */
function drawn(title: string, form: string, address: string): HTMLElement {
  if (form === PDF) return h("iframe", { src: address, title });
  if (DRAWN.has(form)) return h("img", { src: address, alt: title });
  const words = "This browser does not show such a file. Save it to look at it.";
  return h("p", { class: "empty" }, words);
}

export function fileName(title: string, form: string): string {
  const end = form.slice(form.lastIndexOf("/") + 1).replace("jpeg", "jpg");
  const stem = title.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^-+|-+$/g, "");
  return `${stem || "document"}.${end}`;
}
