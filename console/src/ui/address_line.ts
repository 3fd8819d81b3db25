// An address to hand on: shown, and copied by a button where the browser lets a page do that.

import { h } from "./dom";

export function addressLine(label: string, says: string, url: string, more?: Node): HTMLElement {
  const address = h("input", { readonly: true, value: url, "aria-label": label });
  const said = h("span", { class: "soft", role: "status" });
  const tell = (words: string) => (): void => {
    said.textContent = words;
  };
  const byHand = tell("Press Ctrl+C to copy it.");
  const copy = h("button", { type: "button" }, "Copy");
  copy.addEventListener("click", () => {
    address.select();
    // In plain http a page has no clipboard.
    if (navigator.clipboard === undefined) byHand();
    else void navigator.clipboard.writeText(url).then(tell("Copied."), byHand);
  });
  const actions = h("div", { class: "actions" }, copy, more, said);
  return h("div", { class: "address-line" }, h("p", {}, says), address, actions);
}
