// Which messages somebody wants, and by what: a fold for each kind, what it says beside it.

import { button } from "../booking/rows";
import { choice } from "../money/form_dialog";
import { channelWords } from "../notices/words";
import { check } from "../rules/escalation_fields";
import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import type { KindWish } from "./types";
import { CHANNELS, kept, kindsShown, USUAL, wishName, wishWords } from "./wishes";

const KIND = /^[a-z][a-z_]*(\.[a-z_]+)*$/;
const DIGEST = [
  ["", "as your organisation has it"],
  ["true", "together in a digest"],
  ["false", "each by itself"],
] as const;

export class KindWishes {
  readonly element = h("div", { class: "kind-wishes", tabindex: "-1" });
  readonly changed = new Signal<void>();
  private readonly list = h("div");
  private wishes: Record<string, KindWish> = {};

  constructor() {
    const kind = h("input", { placeholder: "such as alert.escalated", "aria-label": "Kind" });
    const add = button("Another kind", () => {
      const typed = kind.value.trim();
      if (!KIND.test(typed)) {
        kind.focus();
        return;
      }
      kind.value = "";
      this.wishes = { [typed]: USUAL, ...this.wishes };
      this.draw();
      const fold = this.list.querySelector<HTMLDetailsElement>(`[data-kind="${typed}"]`);
      if (fold !== null) fold.open = true;
      fold?.querySelector("summary")?.focus();
    });
    this.element.append(this.list, h("div", { class: "row" }, kind, add));
  }

  show(wishes: Record<string, KindWish>): void {
    this.wishes = wishes;
    this.draw();
  }

  read(): Record<string, KindWish> {
    return kept(this.wishes);
  }

  private draw(): void {
    const kinds = kindsShown({ kinds: this.wishes });
    replace(this.list, ...kinds.map((kind) => this.fold(kind)));
  }

  private fold(kind: string): HTMLElement {
    const wish = this.wishes[kind] ?? USUAL;
    const says = h("span", { class: "soft" }, wishWords(wish));
    const muted = h("input", { type: "checkbox" });
    muted.checked = wish.muted;
    const channels = CHANNELS.map((channel) => {
      const box = h("input", { type: "checkbox" });
      box.checked = !wish.without.includes(channel);
      return { channel, box };
    });
    const digest = choice(DIGEST);
    digest.value = wish.digest === null ? "" : String(wish.digest);
    digest.setAttribute("aria-label", `Digest of ${wishName(kind)}`);
    const by = h(
      "fieldset",
      { class: "escalation" },
      h("legend", {}, "By"),
      ...channels.map(({ channel, box }) => check(channelWords(channel), box)),
    );
    const made = h(
      "details",
      { "data-kind": kind },
      h("summary", {}, h("b", {}, wishName(kind)), " ", says),
      h("div", { class: "wish" }, check("Not at all", muted), by, digest),
    );
    by.disabled = muted.checked;
    made.addEventListener("input", () => {
      const given = {
        muted: muted.checked,
        // Those that this page has no word for stay as they are.
        without: [
          ...wish.without.filter((each) => !CHANNELS.some((known) => known === each)),
          ...channels.filter(({ box }) => !box.checked).map(({ channel }) => channel),
        ],
        digest: digest.value === "" ? null : digest.value === "true",
      };
      by.disabled = muted.checked;
      this.wishes = { ...this.wishes, [kind]: given };
      replace(says, wishWords(given));
      this.changed.emit();
    });
    return made;
  }
}
