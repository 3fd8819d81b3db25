// Asks a shipper for a due by a link, and writes down money that came past any provider.

import { minorOf, money } from "../booking/money";
import type { Rights } from "../booking/rights";
import { addressLine } from "../ui/address_line";
import { h } from "../ui/dom";
import { typed } from "./amounts";
import type { MoneyApi } from "./api";
import { choice, FormDialog, wrong } from "./form_dialog";
import type { Due, Paid, Payment, Recording, Story } from "./types";
import { BY_LINK, dueWords, isStillOpen, methodWords } from "./words";

export class Paying {
  private readonly api: MoneyApi;
  private readonly dialog: FormDialog;
  private readonly changed: () => void;

  constructor(api: MoneyApi, rights: Rights, changed: () => void) {
    this.api = api;
    this.dialog = new FormDialog(rights);
    this.changed = changed;
  }

  get element(): HTMLElement {
    return this.dialog.element;
  }

  ask(due: Due): void {
    const amount = h("input", { inputmode: "decimal", value: typed(due.open) });
    const method = choice(BY_LINK.map((each) => [each, methodWords(each)] as const));
    this.dialog.open({
      title: `Ask for the ${dueWords(due).toLowerCase()}`,
      about: `${money(due.open)} is open. The payer gets a link; nothing of a card touches us.`,
      fields: [
        { pointer: "/amount", label: "Rupees", input: amount },
        { pointer: "/method", label: "By", input: method },
      ],
      submit: "Make a link",
      permission: "payments:write",
      work: async () => {
        const wanted = { amount_minor: rupeesIn(amount) };
        const about = { booking: due.booking, due: due.due, link: true };
        const made = await this.api.ask({ method: method.value, amount: wanted, ...about });
        return linkView(made);
      },
      done: this.changed,
    });
  }

  /** On what was asked for already, if that is by the same way. */
  record(due: Due, story: Story): void {
    const amount = h("input", { inputmode: "decimal", value: typed(due.open) });
    const method = choice([
      ["bank_transfer", "Bank transfer"],
      ["cod", "Cash"],
    ]);
    const reference = h("input", { autocomplete: "off", spellcheck: "false" });
    const proof = h("input", { autocomplete: "off" });
    this.dialog.open({
      title: `Record money for the ${dueWords(due).toLowerCase()}`,
      about: `${money(due.open)} is open. It goes into the books with your name.`,
      fields: [
        { pointer: "/method", label: "It came", input: method },
        { pointer: "/amount", label: "Rupees", input: amount },
        { pointer: "/reference", label: "UTR", input: reference, hint: "of a transfer" },
        { pointer: "/proof", label: "Proof", input: proof, hint: "of cash: its receipt’s number" },
      ],
      submit: "Record it",
      permission: "payments:record",
      work: async () => {
        const minor = rupeesIn(amount);
        const given = recordingOf(method.value, minor, reference.value, proof.value);
        await this.api.record(await this.toRecordOn(due, method.value, minor, story), given);
        return null;
      },
      done: this.changed,
    });
  }

  /** What was asked for: its link, and what a person should look at. */
  async look(id: string): Promise<HTMLElement> {
    return linkView(await this.api.payment(id));
  }

  /** Nobody has paid it; what comes all the same is given back. */
  async cancel(id: string): Promise<void> {
    await this.api.cancelPayment(await this.api.payment(id));
    this.changed();
  }

  /** A refused recording leaves what was asked for: it is used again. */
  private async toRecordOn(
    due: Due,
    method: string,
    minor: number,
    { payments }: Story,
  ): Promise<Payment> {
    const known = openFor(due, method, minor, payments) ?? this.asked;
    const isSame = known?.booking === due.booking && known.for === keyFor(due, method, minor);
    if (known !== null && isSame) return this.api.payment(known.id);
    const about = { booking: due.booking, due: due.due, link: false };
    const made = await this.api.ask({ method, amount: { amount_minor: minor }, ...about });
    this.asked = { id: made.id, booking: due.booking, for: keyFor(due, method, minor) };
    return made;
  }

  private asked: Known | null = null;
}

interface Known {
  id: string;
  booking: string;
  for: string;
}

function keyFor({ due }: Due, method: string, minor: number): string {
  return `${due} ${method} ${minor}`;
}

export function openFor(
  due: Due,
  method: string,
  minor: number,
  payments: readonly Paid[],
): Known | null {
  const found = payments.find((each) => {
    const isSame = each.due === due.due && each.method === method && isStillOpen(each);
    return isSame && each.amount.amount_minor === minor && each.captured.amount_minor === 0;
  });
  if (found === undefined) return null;
  return { id: found.id, booking: due.booking, for: keyFor(due, method, minor) };
}

export function recordingOf(
  method: string,
  minor: number,
  reference: string,
  proof: string,
): Recording {
  if (method === "bank_transfer" && reference.trim() === "")
    throw wrong("/reference", "Give the bank’s UTR.");
  if (method === "cod" && proof.trim() === "")
    throw wrong("/proof", "Say what shows it, such as the receipt’s number.");
  return {
    amount: { amount_minor: minor },
    ...(reference.trim() !== "" && { reference: reference.trim() }),
    ...(proof.trim() !== "" && { proof: proof.trim() }),
  };
}

function rupeesIn(input: HTMLInputElement): number {
  const minor = minorOf(input.value);
  if (minor === null || minor === 0) throw wrong("/amount", "Give rupees, such as 42500.50.");
  return minor;
}

export function linkView({ link, amount, failure }: Payment): HTMLElement {
  const url = link?.url ?? null;
  if (url !== null) {
    const open = h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, "Open it");
    const says = `Whoever has this link can pay ${money(amount)}.`;
    return addressLine("Payment link", says, url, open);
  }
  const waits = "The provider has not answered yet. The link is here as soon as it has.";
  const words = failure ?? (link === null ? "It has no link." : waits);
  return h("p", { class: "soft" }, words);
}
