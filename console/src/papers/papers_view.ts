// The documents that are kept of a booking: looked at here, or given to others by a signed link.

import type { ApiClient } from "../api/client";
import type { Page } from "../api/types";
import type { Rights } from "../booking/rights";
import { button, empty, Redraw } from "../booking/rows";
import type { Booking } from "../booking/types";
import { placeWords, sentence } from "../booking/words";
import { choice, FormDialog } from "../money/form_dialog";
import { moneyRow, refusalWords } from "../money/rows";
import { dayOf, when } from "../money/words";
import { addressLine } from "../ui/address_line";
import { h, replace } from "../ui/dom";
import type { KeptPaper, PaperLink } from "./types";
import type { PaperViewer } from "./viewer";

const PAGE = 100;
const HOUR_S = 3600;
const VALID: readonly (readonly [string, string])[] = [
  [String(HOUR_S), "an hour"],
  [String(24 * HOUR_S), "a day"],
  [String(7 * 24 * HOUR_S), "a week"],
];

export class PapersView {
  readonly element = h("section", { class: "papers", "aria-label": "Papers" });
  private readonly client: ApiClient;
  private readonly rights: Rights;
  private readonly viewer: PaperViewer;
  private readonly dialog: FormDialog;
  private readonly body = h("div", {});
  private readonly redraw = new Redraw(this.body);
  private booking: string | null = null;

  constructor(client: ApiClient, rights: Rights, viewer: PaperViewer) {
    this.client = client;
    this.rights = rights;
    this.viewer = viewer;
    this.dialog = new FormDialog(rights);
    this.element.append(this.body, this.dialog.element);
  }

  async show(booking: Booking): Promise<void> {
    const { id } = booking;
    if (id !== this.booking) {
      this.redraw.forget();
      replace(this.body, empty("Loading …"));
    }
    this.booking = id;
    const query = new URLSearchParams({ booking: id, limit: String(PAGE) });
    try {
      const { items } = await this.client.get<Page<KeptPaper>>(`/v1/documents?${query}`);
      if (id !== this.booking) return;
      this.redraw.with(items, () => {
        const rows = items.map((each) => this.row(each, booking));
        const nothing = empty("There are none. They are added by the app and the API.");
        const list = h("ol", { "aria-label": "Papers" }, ...rows);
        replace(this.body, rows.length === 0 ? nothing : list);
      });
    } catch (error) {
      if (id !== this.booking) return;
      this.redraw.forget();
      const said = refusalWords(error, this.rights, "documents:read");
      replace(this.body, h("p", { class: "notice bad", role: "alert" }, said));
    }
  }

  private row(paper: KeptPaper, { stops }: Booking): HTMLElement {
    const key = `documents/${paper.id}`;
    const title = paperTitle(paper);
    const stop = stops.find(({ id }) => id === paper.stop);
    const isGiven = paper.scan !== "pending" && paper.scan !== "infected";
    const path = `/v1/documents/${encodeURIComponent(paper.id)}/content`;
    const open = (): void => {
      const form = paper.content_type;
      void this.viewer.open(title, form, () => this.client.blob(path, form));
    };
    return moneyRow({
      key,
      title,
      amount: sizeWords(paper.bytes),
      below: [
        [paper.leg, stop && placeWords(stop)].filter(Boolean).join(" · ") || null,
        `${when(paper.uploaded_at)} by ${paper.uploaded_by}`,
        paper.valid_until && `valid until ${dayOf(paper.valid_until)}`,
      ],
      trouble: scanTrouble(paper),
      actions: [
        isGiven && button("Look at it", open, { "data-key": `look-${key}` }),
        isGiven &&
          this.rights.may("documents:share") &&
          button("Make a link …", () => this.share(paper, title), { "data-key": `share-${key}` }),
      ],
    });
  }

  private share({ id }: KeptPaper, title: string): void {
    const valid = choice(VALID);
    const once = choice([
      ["", "as often as one likes"],
      ["once", "once"],
    ]);
    this.dialog.open({
      title: `A link to ${title}`,
      about: "Whoever has it reads this document without signing in. Each reading is recorded.",
      fields: [
        { pointer: "/valid_s", label: "Good for", input: valid },
        { pointer: "/single_use", label: "To be opened", input: once },
      ],
      submit: "Make the link",
      permission: "documents:share",
      work: async () => {
        const wish = { valid_s: Number(valid.value), single_use: once.value === "once" };
        const path = `/v1/documents/${encodeURIComponent(id)}/links`;
        return sharedView(await this.client.post<PaperLink>(path, wish));
      },
      done: () => undefined,
    });
  }
}

function sharedView({ path, expires_at, single_use }: PaperLink): HTMLElement {
  const until = `Good until ${when(expires_at)}${single_use ? ", for one reading" : ""}.`;
  const url = new URL(path, location.href).href;
  return addressLine("Link", `${until} It is shown this once.`, url);
}

export function paperTitle({ kind, name }: KeptPaper): string {
  const words = kind.length <= 3 ? kind.toUpperCase() : sentence(kind);
  return name === null ? words : `${words}: ${name}`;
}

const KB = 1000;

export function sizeWords(bytes: number): string {
  if (bytes < KB) return `${bytes} B`;
  if (bytes < KB * KB) return `${Math.round(bytes / KB)} kB`;
  return `${(bytes / KB / KB).toFixed(1)} MB`;
}

function scanTrouble({ scan, finding }: KeptPaper): string | null {
  if (scan === "pending") return "It waits to be looked at for viruses; then it can be opened.";
  if (scan !== "infected") return null;
  return `A virus was found in it (${finding ?? "unnamed"}); it is locked.`;
}
