// The panels at the side of the map: one of them at a time, each with its button and its key.

import type { CloudEvent } from "./api/types";
import type { Signal } from "./signal";

export interface SideDesk {
  readonly element: HTMLElement;
  readonly toggled: Signal<boolean>;
  readonly isOpen: boolean;
  readonly mayOpen: boolean;
  toggle(): void;
  close(): void;
  stepBack(): boolean;
  openAddressed(): unknown;
  heard(event: CloudEvent): void;
  lookSoon(): void;
  /** Keys that go before those of the page. */
  key?(event: KeyboardEvent): boolean;
}

export interface DeskPlace {
  key: string;
  desk: SideDesk;
  isWide: boolean;
}

export class Desks {
  private readonly places: readonly DeskPlace[];
  private readonly changed: () => void;

  constructor(places: readonly DeskPlace[], changed: () => void) {
    this.places = places;
    this.changed = changed;
    for (const { desk } of places) desk.toggled.on((isOpen) => this.toggled(desk, isOpen));
  }

  get openKey(): string | null {
    return this.places.find(({ desk }) => desk.isOpen)?.key ?? null;
  }

  get isWide(): boolean {
    return this.places.some(({ desk, isWide }) => isWide && desk.isOpen);
  }

  /** Keys of those that may be opened. */
  get offered(): ReadonlySet<string> {
    return new Set(this.places.filter(({ desk }) => desk.mayOpen).map(({ key }) => key));
  }

  toggle(key: string): void {
    const place = this.places.find((each) => each.key === key);
    if (place?.desk.mayOpen) place.desk.toggle();
  }

  openAddressed(): void {
    for (const { desk } of this.places) desk.openAddressed();
  }

  heard(event: CloudEvent): void {
    for (const { desk } of this.places) desk.heard(event);
  }

  lookSoon(): void {
    for (const { desk } of this.places) desk.lookSoon();
  }

  /** One step back in the one that is open; false when none is. */
  stepBack(): boolean {
    return this.places.some(({ desk }) => desk.isOpen && desk.stepBack());
  }

  /** While nobody types: first the open panel's own keys, then those that open one. */
  key(event: KeyboardEvent): boolean {
    if (this.places.some(({ desk }) => desk.isOpen && desk.key?.(event))) return true;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!isPlain || !this.offered.has(event.key)) return false;
    this.toggle(event.key);
    event.preventDefault();
    return true;
  }

  private toggled(desk: SideDesk, isOpen: boolean): void {
    if (isOpen) for (const other of this.places) if (other.desk !== desk) other.desk.close();
    this.changed();
  }
}
