// The dispatch panel: legs to give, candidates with their scores, who was excluded and why.

import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import { clock } from "../ui/format";
import { candidatesOf, emptyWords, type Excluded, excludedOf, factsOf } from "./candidates";
import { lookOf, partsOf } from "./candidates";
import { money, tons } from "./money";
import type { Rights } from "./rights";
import { badge, button, empty, Redraw, walk } from "./rows";
import type { Booking, Dispatch, Leg, Look, Verdict } from "./types";
import { sentence } from "./words";

const WITHOUT_TRUCK = new Set(["created", "confirmed", "dispatching", "failed"]);
const STARTABLE = new Set(["confirmed", "failed"]);
const TAKEABLE = new Set(["assigned", "en_route", "at_pickup"]);
const DRAGGED = "application/x-truck";

export interface Assignment {
  leg: string;
  truck: string;
}

export class DispatchPanel {
  readonly element = h("section", { class: "dispatch", "aria-label": "Dispatch" });
  readonly assigned = new Signal<Assignment>();
  readonly unassigned = new Signal<string>();
  readonly started = new Signal<string>();
  readonly offered = new Signal<Assignment>();
  readonly truckWanted = new Signal<string>();
  private readonly rights: Rights;
  private readonly redraw = new Redraw(this.element);
  private booking: Booking | null = null;
  private dispatch: Dispatch | null = null;
  private leg = "L1";
  /** What is dragged must stay where it is until it is dropped. */
  private isDragging = false;
  /** Made once: what is typed outlives the looks that come meanwhile. */
  private readonly named = h("input", {
    placeholder: "another truck by its id",
    list: "truck-ids",
    "data-key": "by-name",
  });
  private readonly giving = h("button", { type: "submit" });
  private readonly byName = h("form", { class: "by-name" }, this.named, this.giving);

  constructor(rights: Rights) {
    this.rights = rights;
    this.byName.addEventListener("submit", (event) => {
      event.preventDefault();
      const truck = this.named.value.trim();
      this.named.value = "";
      if (truck !== "") this.assigned.emit({ leg: this.leg, truck });
    });
    this.element.addEventListener("dragend", () => {
      this.isDragging = false;
      this.draw();
    });
  }

  show(booking: Booking, dispatch: Dispatch | null): void {
    if (booking.id !== this.booking?.id) this.leg = booking.legs[0]?.id ?? "L1";
    this.booking = booking;
    this.dispatch = dispatch;
    this.draw();
  }

  private draw(): void {
    const { booking, dispatch, leg } = this;
    if (booking === null || this.isDragging) return;
    this.redraw.with([booking, dispatch, leg], () => {
      const chosen = booking.legs.find(({ id }) => id === leg) ?? booking.legs[0];
      const look = dispatch === null || chosen === undefined ? null : lookOf(dispatch, chosen.id);
      replace(
        this.element,
        h("div", { class: "legs" }, ...booking.legs.map((each) => this.legCard(each))),
        ...(chosen === undefined ? [] : this.lookView(chosen, look)),
      );
    });
  }

  private get mayDispatch(): boolean {
    return this.rights.may("bookings:dispatch");
  }

  // ------------------------------------------------------------------------------------ legs

  /** A place to drop a candidate on, too. */
  private legCard(leg: Leg): HTMLElement {
    const isChosen = leg.id === this.leg;
    const escalated = this.dispatch?.legs.find((each) => each.leg === leg.id)?.escalated;
    const choose = (): void => {
      this.leg = leg.id;
      this.draw();
    };
    const truck = leg.truck;
    const card = h(
      "div",
      { class: "leg", "data-leg": leg.id, "data-chosen": String(isChosen) },
      button(`${leg.id} · ${tons(leg.weight_kg)}`, choose, {
        class: "link",
        "aria-pressed": String(isChosen),
        "data-key": `leg-${leg.id}`,
      }),
      badge(leg.status),
      truck !== null &&
        button(truck, () => this.truckWanted.emit(truck), { class: "link", title: "Show it" }),
      escalated && h("p", { class: "notice bad" }, `Needs a person: ${escalated}`),
      this.mayDispatch && this.legActions(leg),
    );
    if (this.mayDispatch && WITHOUT_TRUCK.has(leg.status)) this.letDrop(card, leg);
    return card;
  }

  private legActions(leg: Leg): HTMLElement {
    const start = STARTABLE.has(leg.status) && {
      words: "Start dispatch",
      act: () => this.started.emit(leg.id),
    };
    const take = TAKEABLE.has(leg.status) && {
      words: "Take the truck off",
      act: () => this.unassigned.emit(leg.id),
    };
    const actions = [start, take].filter((each) => each !== false);
    return h(
      "div",
      { class: "actions" },
      ...actions.map(({ words, act }) => button(words, act, { "data-key": `${words}-${leg.id}` })),
    );
  }

  private letDrop(card: HTMLElement, leg: Leg): void {
    card.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes(DRAGGED)) return;
      event.preventDefault();
      card.classList.add("over");
    });
    card.addEventListener("dragleave", () => card.classList.remove("over"));
    card.addEventListener("drop", (event) => {
      event.preventDefault();
      card.classList.remove("over");
      const truck = event.dataTransfer?.getData(DRAGGED) ?? "";
      if (truck !== "") this.assigned.emit({ leg: leg.id, truck });
    });
  }

  // ------------------------------------------------------------------------------- the look

  private lookView(leg: Leg, look: Look | null): HTMLElement[] {
    const candidates = look === null ? [] : candidatesOf(look);
    const excluded = look === null ? [] : excludedOf(look);
    const mayAssign = this.mayDispatch && WITHOUT_TRUCK.has(leg.status);
    const parts: (HTMLElement | false)[] = [
      h("h3", {}, `Candidates for ${leg.id}`),
      look !== null && h("p", { class: "soft" }, lookWords(look)),
      candidates.length === 0 && empty(emptyWords(look, leg.status)),
      candidates.length > 0 && this.candidateList(leg, candidates, look, mayAssign),
      mayAssign && leg.status !== "created" && this.giveByName(leg),
      excluded.length > 0 && excludedView(excluded),
    ];
    return parts.filter((part) => part !== false);
  }

  private candidateList(
    leg: Leg,
    candidates: Verdict[],
    look: Look | null,
    mayAssign: boolean,
  ): HTMLElement {
    const hint = "Arrow keys choose, Enter gives the leg to the truck; or drag it onto a leg.";
    const list = h("ol", { class: "candidates", "aria-label": `Candidates for ${leg.id}` });
    const most = Math.max(1, ...candidates.map(({ cost }) => cost?.amount_minor ?? 0));
    const rows = candidates.map((verdict, i) => {
      const isChosen = verdict.truck === look?.chosen;
      return this.candidate(leg, verdict, { rank: i + 1, most, isChosen, mayAssign });
    });
    list.append(...rows);
    list.addEventListener("keydown", (event) => {
      walk(event, [...list.querySelectorAll<HTMLElement>(".candidate")]);
    });
    return h("div", {}, mayAssign && h("p", { class: "soft" }, hint), list);
  }

  private candidate(
    leg: Leg,
    verdict: Verdict,
    as: { rank: number; most: number; isChosen: boolean; mayAssign: boolean },
  ): HTMLElement {
    const { truck, cost } = verdict;
    const assign = (): void => this.assigned.emit({ leg: leg.id, truck });
    const row = h(
      "button",
      {
        type: "button",
        class: "candidate",
        draggable: as.mayAssign ? "true" : "false",
        "data-key": `candidate-${truck}`,
        "aria-label": as.mayAssign ? `Give ${leg.id} to ${truck}` : `Show ${truck}`,
        onclick: as.mayAssign ? assign : () => this.truckWanted.emit(truck),
      },
      h("b", {}, `${as.rank}. ${truck}`, as.isChosen && h("em", {}, " chosen")),
      h("span", {}, cost === null ? "" : money(cost)),
      h("span", { class: "soft" }, factsOf(verdict)),
      scoreBar(verdict, as.most),
    );
    row.addEventListener("dragstart", (event) => {
      this.isDragging = true;
      event.dataTransfer?.setData(DRAGGED, truck);
    });
    const offer = button("Offer …", () => this.offered.emit({ leg: leg.id, truck }), {
      title: `Offer ${leg.id} to ${truck}`,
      "data-key": `offer-${truck}`,
    });
    return h("li", {}, row, as.mayAssign && this.rights.may("offers:write") && offer);
  }

  /** A dispatcher may know better: any truck by its id. */
  private giveByName(leg: Leg): HTMLElement {
    this.named.setAttribute("aria-label", `Truck for ${leg.id}`);
    this.giving.textContent = `Give it ${leg.id}`;
    return this.byName;
  }
}

function lookWords({ at, mode, in_range, candidates, chosen }: Look): string {
  const found = `${candidates} of ${in_range} trucks in range can take it`;
  const choice = chosen === null ? "" : ` · ${chosen} was chosen`;
  return `${clock(at)} · ${mode} · ${found}${choice}`;
}

/** The parts of the score beside each other; less is better. */
function scoreBar(verdict: Verdict, most: number): HTMLElement | null {
  const parts = partsOf(verdict);
  if (parts.length === 0) return null;
  const bar = h("span", { class: "score", "aria-hidden": "true" });
  for (const { name, minor } of parts) {
    if (minor <= 0) continue;
    const piece = h("i", { class: `part-${name}` });
    piece.style.width = `${(100 * minor) / most}%`;
    bar.append(piece);
  }
  const words = parts.map((part) => part.words).join(" · ");
  return h("span", { class: "parts" }, bar, h("span", { class: "soft" }, words));
}

function excludedView(groups: Excluded[]): HTMLElement {
  const total = groups.reduce((sum, { count }) => sum + count, 0);
  return h(
    "section",
    { class: "excluded", "aria-label": "Excluded trucks" },
    h("h3", {}, `${total} excluded`),
    ...groups.map((group) =>
      h(
        "details",
        { "data-key": `excluded-${group.code}` },
        h("summary", {}, h("b", {}, String(group.count)), ` ${sentence(group.says)}`),
        h("ul", {}, ...group.trucks.map(excludedRow), leftOut(group)),
      ),
    ),
  );
}

function excludedRow({ truck, excluded_by }: Verdict): HTMLElement {
  const also = excluded_by.slice(1).map(({ says }) => says);
  return h("li", {}, h("b", {}, truck), also.length > 0 ? ` also: ${also.join("; ")}` : "");
}

function leftOut({ count, trucks }: Excluded): HTMLElement | null {
  const more = count - trucks.length;
  return more > 0 ? h("li", { class: "soft" }, `and ${more} more`) : null;
}
