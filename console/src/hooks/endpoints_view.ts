// Webhook endpoints: made, tried, paused, their secrets renewed, and what they missed sent again.

import type { Rights } from "../booking/rights";
import { button } from "../booking/rows";
import { FormDialog, type FormField, wrong } from "../money/form_dialog";
import { PagedList } from "../money/paged_list";
import { refusalWords, stateBadge } from "../money/rows";
import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import { clock } from "../ui/format";
import type { HooksApi } from "./api";
import type { Endpoint, EndpointWish } from "./types";
import { endpointState, endpointTrouble, filterWords, localOf, momentOf, typedList } from "./words";

const WRITE = "webhooks:write";
const REPLAY_MS = 3_600_000;

export class EndpointsView {
  readonly element = h("section", { class: "endpoints", "aria-label": "Webhook endpoints" });
  /** Its deliveries are to be looked at. */
  readonly opened = new Signal<string>();
  private readonly api: HooksApi;
  private readonly rights: Rights;
  private readonly now: () => number;
  private readonly note = h("div", { role: "status" });
  private readonly list: PagedList<Endpoint>;
  private readonly dialog: FormDialog;

  constructor(api: HooksApi, rights: Rights, now: () => number) {
    this.api = api;
    this.rights = rights;
    this.now = now;
    this.dialog = new FormDialog(rights);
    this.list = new PagedList<Endpoint>(rights, {
      label: "Endpoints",
      permission: "webhooks:read",
      nothing: "Nobody is sent anything. Make an endpoint.",
      page: (cursor) => api.endpoints(cursor),
      row: (endpoint) => this.row(endpoint),
    });
    const make = button("New endpoint", () => this.edit(null), { class: "primary" });
    make.hidden = !rights.may(WRITE);
    const head = h("div", { class: "actions above" }, make);
    this.element.append(head, this.note, this.list.element, this.dialog.element);
  }

  refresh(): Promise<void> {
    return this.list.refresh();
  }

  private row(endpoint: Endpoint): HTMLElement {
    const { id, url, description, state, previous_until } = endpoint;
    const trouble = endpointTrouble(endpoint);
    const overlap =
      previous_until !== null && `the secret before signs too until ${clock(previous_until)}`;
    const said = [description, filterWords(endpoint), overlap].filter(Boolean).join(" · ");
    const actions = this.rights.may(WRITE) ? this.actions(endpoint) : [];
    const look = button("Deliveries", () => this.opened.emit(id));
    return h(
      "li",
      { class: "money-row", "data-row": id, "data-key": id, "data-state": state, tabindex: "-1" },
      h("b", {}, url),
      stateBadge(endpointState(endpoint)),
      h("span", { class: "soft" }, said),
      trouble !== null && h("p", { class: "notice bad" }, trouble),
      h("div", { class: "actions" }, look, ...actions),
    );
  }

  private actions(endpoint: Endpoint): HTMLElement[] {
    const isOn = endpoint.state === "active";
    return [
      button("Send a test", () => void this.test(endpoint)),
      isOn
        ? button("Pause", () => void this.tell(endpoint, "pause"))
        : button("Resume", () => void this.tell(endpoint, "resume")),
      button("Replay", () => this.replay(endpoint)),
      button("Change", () => this.edit(endpoint)),
      button("New secret", () => this.rotate(endpoint)),
      button("Remove", () => this.remove(endpoint)),
    ];
  }

  private say(words: string, isBad = false): void {
    const role = isBad ? "alert" : "status";
    replace(this.note, h("p", { class: isBad ? "notice bad" : "notice", role }, words));
  }

  private async test(endpoint: Endpoint): Promise<void> {
    try {
      const { id } = await this.api.test(endpoint);
      const link = button("look at it", () => this.opened.emit(endpoint.id), { class: "link" });
      replace(this.note, h("p", { class: "notice" }, `A test is on its way (${id}): `, link));
    } catch (error) {
      this.say(refusalWords(error, this.rights, WRITE), true);
    }
  }

  private async tell(endpoint: Endpoint, action: "pause" | "resume"): Promise<void> {
    try {
      await this.api.tell(endpoint, action);
      this.say(
        action === "pause"
          ? "Paused: what it is due waits."
          : "On again: what waited is sent in order.",
      );
    } catch (error) {
      this.say(refusalWords(error, this.rights, WRITE), true);
    }
    await this.refresh();
  }

  private edit(endpoint: Endpoint | null): void {
    const url = input(endpoint?.url ?? "https://");
    const description = input(endpoint?.description ?? "");
    const types = input(endpoint?.types.join(", ") ?? "*");
    const subjects = input(endpoint?.subjects.join(", ") ?? "*");
    const wish = (): EndpointWish => ({
      url: url.value.trim(),
      description: description.value.trim() || null,
      types: typedList(types.value),
      subjects: typedList(subjects.value),
    });
    const fields: FormField[] = [
      {
        pointer: "/url",
        label: "Address",
        input: url,
        hint: "https, and reachable from the internet",
      },
      { pointer: "/description", label: "What it is for", input: description },
      {
        pointer: "/types",
        label: "Events",
        input: types,
        hint: "booking.*, alert.raised, or * for all",
      },
      {
        pointer: "/subjects",
        label: "About",
        input: subjects,
        hint: "bookings/B1, trucks/*, or * for all",
      },
    ];
    this.dialog.open({
      title: endpoint === null ? "New endpoint" : "Change the endpoint",
      fields,
      submit: endpoint === null ? "Make it" : "Save",
      permission: WRITE,
      work: async () => {
        if (endpoint !== null) {
          await this.api.change(endpoint, wish());
          return null;
        }
        return secretShown((await this.api.make(wish())).secret);
      },
      done: () => void this.refresh(),
    });
  }

  private rotate(endpoint: Endpoint): void {
    this.dialog.open({
      title: "New secret",
      about: "The one before goes on signing for a while, so that nothing is refused meanwhile.",
      fields: [],
      submit: "Make a new secret",
      permission: WRITE,
      work: async () => secretShown((await this.api.rotate(endpoint)).secret),
      done: () => void this.refresh(),
    });
  }

  private remove(endpoint: Endpoint): void {
    this.dialog.open({
      title: "Remove the endpoint",
      about: `${endpoint.url} gets nothing any more; what waits for it is withdrawn.`,
      fields: [],
      submit: "Remove it",
      permission: WRITE,
      work: async () => {
        await this.api.remove(endpoint);
        return null;
      },
      done: () => void this.refresh(),
    });
  }

  private replay(endpoint: Endpoint): void {
    const from = input(localOf(this.now() - REPLAY_MS), "datetime-local");
    const to = input(localOf(this.now()), "datetime-local");
    const types = input("");
    this.dialog.open({
      title: "Send again",
      about: `All that ${endpoint.url} was due in this time, with the same ids and bodies.`,
      fields: [
        { pointer: "/from", label: "From", input: from },
        { pointer: "/to", label: "Until", input: to },
        { pointer: "/types", label: "Events", input: types, hint: "empty: all that it wants" },
      ],
      submit: "Send again",
      permission: WRITE,
      work: async () => {
        const [since, until] = [momentOf(from.value), momentOf(to.value)];
        if (since === null) throw wrong("/from", "say from when on");
        if (until === null) throw wrong("/to", "say until when");
        const { deliveries } = await this.api.replay(
          endpoint,
          since,
          until,
          typedList(types.value),
        );
        return h("p", {}, `${deliveries} deliveries are sent again, in their order.`);
      },
      done: () => void this.refresh(),
    });
  }
}

function input(value: string, type = "text"): HTMLInputElement {
  return h("input", { type, value, autocomplete: "off", spellcheck: "false" });
}

/** This once: afterwards nobody can read it. */
function secretShown(secret: string): HTMLElement {
  const shown = h("input", { value: secret, readonly: true, "aria-label": "Secret" });
  const note = h("span", { role: "status", class: "soft" });
  const copy = button("Copy", () => {
    void navigator.clipboard?.writeText(secret).then(() => replace(note, "Copied."));
    shown.select();
  });
  return h(
    "div",
    { class: "address-line" },
    h("p", {}, "This secret verifies the signatures. It is shown now and never again."),
    shown,
    h("div", { class: "actions" }, copy, note),
  );
}
