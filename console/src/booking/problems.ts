// What went wrong with a request about a booking, at the field it is about or in one sentence.

import { ApiError, type FieldError } from "../api/client";
import { h } from "../ui/dom";

const STALE = 412;

/** In one sentence; anything but an answer of the API is a fault of ours. */
export function problemWords(error: unknown): string {
  if (!(error instanceof ApiError)) throw error;
  if (error.status === STALE)
    return "It has changed meanwhile. This is how it is now; repeat it if you still want to.";
  const more = error.errors.map(({ detail }) => detail).filter((each) => each !== error.message);
  return [error.message, ...more].join("; ");
}

/** The fields of a form by their JSON pointers. */
export class Fields {
  private readonly inputs = new Map<string, HTMLElement>();
  private readonly notes = new Map<HTMLElement, HTMLElement>();
  private count = 0;
  private readonly prefix: string;

  /** `prefix` keeps ids apart from those of other forms. */
  constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** Label, input and the place for what is wrong with it. */
  add(pointer: string, label: string, input: HTMLElement, hint?: string): HTMLElement {
    this.count += 1;
    const id = `${this.prefix}-${this.count}`;
    const note = h("p", { class: "field-error", id: `${id}-error`, role: "alert", hidden: true });
    input.id = id;
    input.setAttribute("aria-describedby", note.id);
    this.inputs.set(pointer, input);
    this.notes.set(input, note);
    const says = h("label", { for: id }, label, hint ? h("small", {}, ` ${hint}`) : null);
    return h("div", { class: "field" }, says, input, note);
  }

  forget(prefix: string): void {
    for (const pointer of [...this.inputs.keys()])
      if (pointer === prefix || pointer.startsWith(`${prefix}/`)) this.inputs.delete(pointer);
  }

  clear(): void {
    for (const [input, note] of this.notes) {
      input.removeAttribute("aria-invalid");
      note.hidden = true;
      note.textContent = "";
    }
  }

  /** Puts each error at its field; gives back those that belong to none that is here. */
  show(errors: readonly FieldError[]): FieldError[] {
    this.clear();
    let first: HTMLElement | null = null;
    const left: FieldError[] = [];
    for (const error of errors) {
      const input = this.nearest(error.pointer ?? "");
      const note = input && this.notes.get(input);
      if (!input || !note) {
        left.push(error);
        continue;
      }
      note.textContent = [note.textContent, error.detail].filter(Boolean).join("; ");
      note.hidden = false;
      input.setAttribute("aria-invalid", "true");
      first ??= input;
    }
    first?.focus();
    return left;
  }

  private nearest(pointer: string): HTMLElement | undefined {
    return this.inputs.get(nearestPointer(pointer, this.inputs.keys()) ?? "");
  }
}

/** The known pointer that holds another: /stops/0/place holds /stops/0/place/lat. */
export function nearestPointer(pointer: string, known: Iterable<string>): string | null {
  const all = new Set(known);
  for (let at = pointer; at !== ""; at = at.slice(0, at.lastIndexOf("/")))
    if (all.has(at)) return at;
  // What is said of the whole of a stop is shown at its first field.
  const isPart = pointer.lastIndexOf("/") > 0;
  return [...all].find((each) => isPart && each.startsWith(`${pointer}/`)) ?? null;
}
