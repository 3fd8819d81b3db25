// The alerts that the console knows: loaded, kept fresh, and changed at once with the server's yes.

import { ApiError } from "../api/client";
import type { Rights } from "../booking/rights";
import { refusalWords } from "../money/rows";
import { Signal, State } from "../signal";
import type { AlertApi } from "./api";
import { alarming, isOpen, isSameMatter, isUnread, merged } from "./queue";
import type { Alert, Sight } from "./types";
import { conflictWords } from "./words";

const STALE = 412;
const CONFLICT = 409;

/** What is done to an alert: how it looks at once, and how the server is told. */
export interface Step {
  looks: Partial<Alert>;
  send: (alert: Alert) => Promise<Alert>;
  /** When it was not done after all. */
  failed?: () => void;
}

export class AlertBook {
  readonly changed = new Signal<void>();
  /** Something a person should read: a conflict, a refusal. */
  readonly said = new Signal<string>();
  readonly alarmed = new Signal<readonly Alert[]>();
  readonly sight = new State<Sight | null>(null);
  /** Why the list may be old; null: it is fresh. */
  readonly trouble = new State<string | null>(null);
  private readonly api: AlertApi;
  private readonly rights: Rights;
  private readonly now: () => number;
  private known: ReadonlyMap<string, Alert> = new Map();
  /** What was asked for and not answered yet, by alert, in the order it was asked in. */
  private readonly hoped = new Map<string, Step[]>();
  private isLoaded = false;
  private asked = 0;

  constructor(api: AlertApi, rights: Rights, now: () => number) {
    this.api = api;
    this.rights = rights;
    this.now = now;
  }

  /** As they look now, with what was asked for and not answered yet. */
  get alerts(): Alert[] {
    return [...this.known.values()].map((alert) => this.look(alert));
  }

  get(id: string): Alert | null {
    const found = this.known.get(id);
    return found === undefined ? null : this.look(found);
  }

  isWaiting(id: string): boolean {
    return this.hoped.has(id);
  }

  get unread(): number {
    return this.alerts.filter((alert) => isUnread(alert, this.now())).length;
  }

  /** Why nothing in the list does not mean that nothing happens; null: it does. */
  get doubt(): string | null {
    if (this.trouble.value !== null) return "The alerts could not be loaded: none may be shown.";
    if (!this.isLoaded) return "Loading …";
    if (this.sight.value?.watching === "unknown") return "No alerts, but nobody watches just now.";
    return null;
  }

  /** All that is open. What was open and is not any more is kept only where it was looked up. */
  async load(): Promise<void> {
    this.asked += 1;
    const mine = this.asked;
    let found: Alert[];
    try {
      found = await this.api.open();
    } catch (error) {
      if (mine !== this.asked) return;
      this.trouble.set(this.wordsOf(error));
      this.changed.emit();
      return;
    }
    if (mine !== this.asked) return;
    this.trouble.set(null);
    const ids = new Set(found.map(({ id }) => id));
    const kept = [...this.known].filter(([id, alert]) => !isOpen(alert) || ids.has(id));
    const before = this.known;
    this.known = merged(new Map(kept), found);
    const loud = this.isLoaded ? alarming(before, this.known.values(), this.now()) : [];
    this.isLoaded = true;
    this.changed.emit();
    if (loud.length > 0) this.alarmed.emit(loud);
  }

  async loadDone(): Promise<void> {
    try {
      this.put(...(await this.api.done()));
    } catch (error) {
      this.said.emit(this.wordsOf(error));
    }
  }

  async loadSight(): Promise<void> {
    try {
      this.sight.set((await this.api.summary()).blind);
    } catch (error) {
      // Whoever cannot ask whether anything is seen must not look as if it were.
      if (!(error instanceof ApiError)) throw error;
      if (this.trouble.value === null && error.status !== 403) this.trouble.set(error.message);
    }
  }

  put(...alerts: Alert[]): void {
    this.known = merged(this.known, alerts);
    this.changed.emit();
  }

  /** At once on the screen; taken back, with the reason in words, when the server says no. Steps
   * of one alert are sent one after the other, each to the version that the last one made. */
  async take(id: string, step: Step): Promise<void> {
    const waiting = this.hoped.get(id);
    if (waiting !== undefined) {
      waiting.push(step);
      this.changed.emit();
      return;
    }
    const steps = [step];
    this.hoped.set(id, steps);
    this.changed.emit();
    for (let next = steps[0]; next !== undefined; next = steps[0]) {
      const alert = this.known.get(id);
      const isDone = alert !== undefined && (await this.tell(alert, next));
      // Who was told no has not meant what they asked for after it.
      const gone = steps.splice(0, isDone ? 1 : steps.length);
      if (!isDone) for (const each of gone) each.failed?.();
    }
    this.hoped.delete(id);
    this.changed.emit();
  }

  private async tell(alert: Alert, { send }: Step): Promise<boolean> {
    try {
      this.known = merged(this.known, [await send(alert)]);
      return true;
    } catch (error) {
      const theirs = await this.changedTo(alert, error);
      if (theirs === null) return false;
      // The watch only noted more of the same: what was meant is still meant.
      if (isSameMatter(alert, theirs)) return this.tell(theirs, { looks: {}, send });
      this.said.emit(conflictWords(alert, theirs));
      return false;
    }
  }

  /** How it is now, if that is why it was refused; any other reason is said. */
  private async changedTo(mine: Alert, error: unknown): Promise<Alert | null> {
    if (!(error instanceof ApiError)) throw error;
    const isChanged = error.status === STALE || error.status === CONFLICT;
    try {
      const theirs = isChanged ? await this.api.whole(mine.id) : null;
      if (theirs !== null) this.put(theirs);
      if (theirs !== null && theirs.version > mine.version) return theirs;
      this.said.emit(this.wordsOf(error));
    } catch (failed) {
      this.said.emit(this.wordsOf(failed));
    }
    return null;
  }

  private look(alert: Alert): Alert {
    const steps = this.hoped.get(alert.id) ?? [];
    return steps.reduce((seen, { looks }) => ({ ...seen, ...looks }), alert);
  }

  private wordsOf(error: unknown): string {
    return refusalWords(error, this.rights, "alerts:write");
  }
}
