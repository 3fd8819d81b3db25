// The parts that all money pages are made of: badges, rows with an amount, notices, tables.

import { ApiError } from "../api/client";
import { problemWords } from "../booking/problems";
import type { Rights } from "../booking/rights";
import { button } from "../booking/rows";
import type { Stage } from "../booking/words";
import { h } from "../ui/dom";

const FORBIDDEN = 403;

export function stateBadge([words, stage]: readonly [words: string, stage: Stage]): HTMLElement {
  return h("span", { class: `badge stage-${stage}` }, words);
}

export interface RowParts {
  /** By which other rows find it; the focus stays on it. */
  key: string;
  title: string;
  state?: readonly [words: string, stage: Stage];
  amount: string;
  below?: (Node | string | null | false)[];
  trouble?: string | null;
  actions?: (HTMLElement | false | null)[];
}

/** One line of money; it can be gone to, from what it made or was made by. */
export function moneyRow(parts: RowParts): HTMLElement {
  const { key, title, state, amount, below = [], trouble, actions = [] } = parts;
  const said = below.filter((each) => each !== null && each !== false && each !== "");
  const dotted = said.flatMap((each, i) => (i === 0 ? [each] : [" · ", each]));
  const may = actions.filter((each) => each instanceof HTMLElement);
  return h(
    "li",
    { class: "money-row", "data-row": key, "data-key": key, tabindex: "-1" },
    h("b", {}, title),
    h("span", { class: "amount" }, amount),
    (dotted.length > 0 || state !== undefined) &&
      h("span", { class: "soft" }, state && stateBadge(state), state && " ", ...dotted),
    trouble ? h("p", { class: "notice bad" }, trouble) : null,
    may.length > 0 && h("div", { class: "actions" }, ...may),
  );
}

/** Goes to another row of the same page and says for a moment which one it is. */
export function goTo(box: HTMLElement, key: string): void {
  const row = box.querySelector<HTMLElement>(`[data-row="${CSS.escape(key)}"]`);
  if (row === null) return;
  const folded = row.closest("details");
  if (folded !== null) folded.open = true;
  row.scrollIntoView({ block: "center" });
  row.focus({ preventScroll: true });
}

/** A heading of a table's columns, then its rows; wide ones scroll by themselves. */
export function table(
  label: string,
  head: readonly string[],
  rows: readonly HTMLElement[],
  foot?: HTMLElement,
): HTMLElement {
  const columns = head.map((name) => h("th", { scope: "col" }, name));
  return h(
    "div",
    { class: "wide", tabindex: "0", role: "region", "aria-label": label },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...columns)),
      h("tbody", {}, ...rows),
      foot && h("tfoot", {}, foot),
    ),
  );
}

/** In one sentence; what one may not do is said as that, and not offered again. */
export function refusalWords(error: unknown, rights: Rights, permission: string): string {
  if (!(error instanceof ApiError) || error.status !== FORBIDDEN) return problemWords(error);
  rights.refuse(permission);
  return `You may not do this: ${error.message}. Ask your administrator for ${permission}.`;
}

export function failed(message: string, again: () => void): HTMLElement {
  const retry = button("Try again", again, { class: "link" });
  return h("p", { class: "notice bad", role: "alert" }, `${message} `, retry);
}
