// Plays one truck's day: a slider over its hours, what happened marked on it and told in words.

import { type ApiClient, ApiError } from "../api/client";
import { Signal } from "../signal";
import { h, ICONS, iconButton, replace } from "../ui/dom";
import { clock, timeOfDay } from "../ui/format";
import { loadDay } from "./load";
import {
  type Mark,
  markAt,
  marksOf,
  type Place,
  placeAt,
  type Story,
  summary,
  truthWords,
} from "./story";

// Seconds of the day for one second of watching.
const PACES = [60, 300, 1_200];
const STEP_S = 10;
const MINUTES_A_KEY = 5;
const HOURS_NAMED = 3;
const NAMES_UP_TO = 89; // per cent: beyond it a name would be cut off

export interface Scene {
  story: Story;
  place: Place | null;
  atMs: number;
}

export class ReplayPanel {
  readonly element = h("section", {
    class: "panel replay",
    "aria-label": "Replay of a day",
    hidden: true,
  });
  /** What is to be drawn; null: nothing any more. */
  readonly scene = new Signal<Scene | null>();
  private readonly api: ApiClient;
  private truck: string | null = null;
  private story: Story | null = null;
  private marks: Mark[] = [];
  private atMs = 0;
  private pace = PACES[0] ?? 60;
  private frame: number | undefined;
  private readonly day = h("input", { type: "date", "aria-label": "Day" });
  private readonly slider = h("input", { type: "range", "aria-label": "Time of day" });
  private readonly ticks = h("div", { class: "ticks", "aria-hidden": "true" });
  private readonly hours = h("div", { class: "hours", "aria-hidden": "true" });
  private readonly now = h("output", { class: "now" });
  private readonly told = h("p", { class: "told", role: "status" });
  private readonly sum = h("span", { class: "note" });
  private readonly play = h("button", { type: "button", class: "play" }, "Play");

  constructor(api: ApiClient) {
    this.api = api;
    this.day.addEventListener("change", () => void this.load());
    this.slider.addEventListener("input", () => this.show(Number(this.slider.value)));
    this.play.addEventListener("click", () => {
      if (this.frame === undefined) this.run();
      else this.stop();
    });
    const pace = h("select", { "aria-label": "Speed" });
    pace.append(...PACES.map((each) => h("option", { value: each }, `${each / 60} min/s`)));
    pace.addEventListener("change", () => (this.pace = Number(pace.value)));
    const close = iconButton(ICONS.close, "Close replay", () => this.close());
    this.element.append(
      h("div", { class: "row" }, this.play, pace, this.day, this.now, this.sum, close),
      h("div", { class: "rail" }, this.slider, this.ticks, this.hours),
      this.told,
    );
  }

  get isOpen(): boolean {
    return this.truck !== null;
  }

  async open(truck: string): Promise<void> {
    this.truck = truck;
    this.element.hidden = false;
    if (this.day.value === "") this.day.value = localDay(new Date());
    await this.load();
  }

  close(): void {
    if (this.truck === null) return;
    this.stop();
    this.truck = null;
    this.story = null;
    this.element.hidden = true;
    this.scene.emit(null);
  }

  private async load(): Promise<void> {
    const truck = this.truck;
    const from = new Date(`${this.day.value}T00:00:00`);
    if (truck === null || Number.isNaN(from.getTime())) return;
    this.stop();
    replace(this.sum, "loading …");
    try {
      const story = await loadDay(this.api, truck, from.getTime());
      if (truck !== this.truck) return;
      this.tell(story);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      replace(this.sum, error.message);
    }
  }

  private tell(story: Story): void {
    this.story = story;
    this.marks = marksOf(story);
    this.slider.min = String(story.fromMs);
    this.slider.max = String(story.toMs);
    this.slider.step = String(STEP_S * 1000);
    replace(this.ticks, ...this.marks.map((mark) => tick(mark, story)));
    replace(this.hours, ...hourNames(story));
    replace(this.sum, summary(story));
    this.show(story.points[0]?.tsMs ?? story.fromMs);
  }

  private show(atMs: number): void {
    const story = this.story;
    if (story === null) return;
    this.atMs = atMs;
    this.slider.value = String(atMs);
    const mark = markAt(this.marks, atMs);
    replace(this.now, clock(atMs));
    this.slider.setAttribute("aria-valuetext", clock(atMs));
    const place = placeAt(story.points, atMs);
    const unseen = place?.unseen ? "Nobody saw it here: no fix for more than ten minutes. " : "";
    const words = mark && `${clock(mark.atMs)} ${mark.words}${truthWords(mark.truth)}`;
    replace(this.told, unseen, words);
    this.scene.emit({ story, place, atMs });
  }

  private run(): void {
    const story = this.story;
    if (story === null) return;
    this.play.textContent = "Pause";
    if (this.atMs >= story.toMs) this.show(story.fromMs);
    let last = performance.now();
    const step = (now: number): void => {
      const atMs = this.atMs + (now - last) * this.pace;
      last = now;
      this.show(Math.min(atMs, story.toMs));
      if (atMs >= story.toMs) this.stop();
      else this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  private stop(): void {
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.frame = undefined;
    this.play.textContent = "Play";
  }

  /** Page keys go by minutes, wherever the focus is. */
  key(event: KeyboardEvent): boolean {
    if (!this.isOpen) return false;
    const steps = { PageUp: MINUTES_A_KEY, PageDown: -MINUTES_A_KEY }[event.key];
    if (steps === undefined) return false;
    this.show(this.atMs + steps * 60_000);
    return true;
  }
}

function tick(mark: Mark, story: Story): HTMLElement {
  const whole = story.toMs - story.fromMs;
  const share = (atMs: number): number => {
    return (100 * Math.min(Math.max(atMs - story.fromMs, 0), whole)) / whole;
  };
  const left = share(mark.atMs);
  const width = mark.kind === "event" ? 0 : share(mark.toMs ?? story.toMs) - left;
  const truth = mark.truth === "told" ? "" : mark.truth;
  const element = h("i", { class: `${mark.kind} tone-${mark.tone} ${truth}` });
  element.style.left = `${left}%`;
  if (width > 0) element.style.width = `${width}%`;
  element.title = `${clock(mark.atMs)} ${mark.words}${truthWords(mark.truth)}`;
  return element;
}

function hourNames(story: Story): HTMLElement[] {
  const names: HTMLElement[] = [];
  const wholeMs = story.toMs - story.fromMs;
  for (let atMs = story.fromMs; atMs <= story.toMs; atMs += HOURS_NAMED * 3_600_000) {
    const left = (100 * (atMs - story.fromMs)) / wholeMs;
    const name = h("span", {}, timeOfDay(atMs).slice(-"00:00".length));
    name.style.left = `${left}%`;
    if (left < NAMES_UP_TO) names.push(name);
  }
  return names;
}

/** As a date input writes it, of the viewer's own time zone. */
function localDay(date: Date): string {
  const [month, day] = [date.getMonth() + 1, date.getDate()].map((n) => String(n).padStart(2, "0"));
  return `${date.getFullYear()}-${month}-${day}`;
}
