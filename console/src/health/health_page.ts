// The system's health, live: dependencies, actors, followers, breakers and queues.

import { ApiError } from "../api/client";
import { empty } from "../booking/rows";
import { table } from "../money/rows";
import { h, replace } from "../ui/dom";
import { clock, number } from "../ui/format";
import type { HealthApi } from "./api";
import {
  type Figure,
  type Health,
  healthOf,
  type Mood,
  type Readiness,
  sparkline,
  Trail,
  worst,
} from "./figures";

const LOOK_EVERY_MS = 5_000;
const LOOKS_KEPT = 60;
const [WIDTH, HEIGHT] = [72, 16];
const HEADS: Record<Mood, string> = {
  good: "Everything works",
  doubtful: "Something is behind or away",
  bad: "Something is broken",
};

export class HealthPage {
  readonly element = h("section", { class: "health", "aria-label": "System health" });
  private readonly api: HealthApi;
  private readonly head = h("p", { class: "health-head", role: "status" });
  private readonly body = h("div");
  private readonly trail = new Trail(LOOKS_KEPT);
  private readiness: Readiness | null = null;
  private health: Health | null = null;
  private isLooking = false;

  constructor(api: HealthApi) {
    this.api = api;
    this.element.append(this.head, this.body);
    replace(this.head, "Looking …");
    window.setInterval(() => {
      const isSeen = this.element.offsetParent !== null && document.visibilityState === "visible";
      if (isSeen) void this.refresh();
    }, LOOK_EVERY_MS);
  }

  async refresh(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    try {
      const [readiness, samples] = await Promise.all([this.api.readiness(), this.api.samples()]);
      this.readiness = readiness;
      this.health = healthOf(samples);
      this.trail.add([...this.health.followers, ...this.health.queues]);
      this.draw();
    } catch (error) {
      // What was seen last stays: it says how it was before.
      const words = error instanceof ApiError ? error.message : "The answer cannot be read.";
      this.say("bad", `The health cannot be asked for: ${words}`);
    } finally {
      this.isLooking = false;
    }
  }

  private say(mood: Mood, words: string): void {
    this.head.dataset["mood"] = mood;
    replace(this.head, h("b", {}, words));
  }

  private draw(): void {
    const { health, readiness } = this;
    if (health === null || readiness === null) return;
    const mood = worst(health, readiness);
    this.say(mood, `${HEADS[mood]} · looked at ${clock(Date.now())}`);
    replace(
      this.body,
      h("h3", {}, `Dependencies: ${readiness.status}`),
      this.dependencies(readiness),
      ...this.part("Actors", ["Actor", "Role", ""], health.actors, false),
      ...this.part(
        "Followers of the log",
        ["Follower", "In", "", "5 minutes"],
        health.followers,
        true,
      ),
      ...this.part("Breakers", ["Towards", "In", ""], health.breakers, false),
      ...this.part("Queues", ["Queue", "Of", "Waiting", "5 minutes"], health.queues, true),
    );
  }

  private dependencies({ dependencies }: Readiness): HTMLElement {
    const rows = Object.entries(dependencies).map(([name, { ok, latency_ms, detail, needed }]) => {
      const words = ok ? "answers" : (detail ?? "does not answer");
      return h(
        "tr",
        { "data-name": name },
        h("th", { scope: "row" }, name),
        h("td", { "data-mood": ok ? "good" : "bad" }, words),
        h("td", {}, number(latency_ms, "ms", 1)),
        h("td", { class: "none" }, needed ? "needed" : "can be done without"),
      );
    });
    return table("Dependencies", ["Dependency", "", "Latency", ""], rows);
  }

  private part(
    name: string,
    head: string[],
    figures: readonly Figure[],
    hasTrail: boolean,
  ): HTMLElement[] {
    if (figures.length === 0) return [h("h3", {}, name), empty("None is told of.")];
    const rows = figures.map((figure) => {
      return h(
        "tr",
        { "data-name": figure.key },
        h("th", { scope: "row" }, figure.name),
        h("td", { class: "none" }, figure.of),
        h("td", { "data-mood": figure.mood }, figure.words),
        hasTrail && h("td", {}, line(this.trail.of(figure.key))),
      );
    });
    return [h("h3", {}, name), table(name, head, rows)];
  }
}

function line(values: readonly number[]): Node | null {
  const path = sparkline(values, WIDTH, HEIGHT);
  if (path === null) return null;
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", `0 -1 ${WIDTH} ${HEIGHT + 2}`);
  svg.setAttribute("class", "sparkline");
  svg.setAttribute("aria-hidden", "true");
  const drawn = document.createElementNS(ns, "path");
  drawn.setAttribute("d", path);
  svg.append(drawn);
  return svg;
}
