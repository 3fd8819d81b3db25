// The map settings dialog: which address the base map comes from, for this browser.

import { addressProblem, type BaseMap } from "../map/base_choice";
import { h, ICONS, iconButton } from "./dom";

export function settingsDialog(
  current: BaseMap,
  use: (address: string) => void,
): HTMLDialogElement {
  const address = h("input", {
    id: "map-address",
    type: "text",
    spellcheck: "false",
    placeholder: "https://tiles.example.com/style.json",
    value: current.kind === "address" ? current.address : "",
  });
  const problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  const dialog = h("dialog", { class: "settings", "aria-labelledby": "settings-title" });
  const apply = (value: string): void => {
    const wrong = addressProblem(value);
    problem.hidden = wrong === null;
    problem.textContent = wrong ?? "";
    if (wrong !== null) return;
    use(value);
    dialog.close();
  };
  const form = h(
    "form",
    { method: "dialog" },
    h(
      "div",
      { class: "card-head" },
      h("h2", { id: "settings-title" }, "Base map"),
      iconButton(ICONS.close, "Close", () => dialog.close()),
    ),
    h(
      "p",
      {},
      "The built-in map needs no internet. For roads and terrain, give the address of a MapLibre ",
      "style, or of raster tiles with {z}, {x} and {y}.",
    ),
    h("label", { for: "map-address" }, "Style or tile address"),
    address,
    problem,
    h(
      "div",
      { class: "actions" },
      h("button", { type: "button", onclick: () => apply("") }, "Use built-in map"),
      h("button", { type: "submit", class: "primary" }, "Use this address"),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply(address.value.trim());
  });
  dialog.append(form);
  dialog.addEventListener("close", () => dialog.remove());
  return dialog;
}
