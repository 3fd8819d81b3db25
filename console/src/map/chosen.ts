// What is on the map of the chosen truck: its route, its recent track, and a day played again.

import type { Map as MapLibre, PointLike } from "maplibre-gl";
import type { Scene } from "../story/replay_panel";
import type { Palette } from "../theme";
import { RouteLayer } from "./route_layers";
import { StoryLayers } from "./story_layers";

const NEAR_PX = 4;
const OURS = /^(route|recent|replay)-/;
const LIVE = /^(route|recent)-/;

export class ChosenTruck {
  readonly route = new RouteLayer();
  readonly recent = new StoryLayers("recent");
  private readonly replayed = new StoryLayers("replay");
  private replaying = false;
  private map: MapLibre | null = null;

  attach(map: MapLibre, palette: Palette): void {
    this.map = map;
    for (const part of [this.route, this.recent, this.replayed]) part.attach(map, palette);
    this.hideOrShowLive();
  }

  /** How many things of each are on the map. */
  get shapes(): { route: number; recent: number; replay: number } {
    const [route, recent, replay] = [this.route.count, this.recent.count, this.replayed.count];
    return { route, recent, replay };
  }

  /** Played again is one day only: what the truck does now is hidden meanwhile. Says whether it
   * is another day than before. */
  play(scene: Scene | null): boolean {
    const isAnother = this.replayed.show(scene?.story ?? null);
    this.replayed.mark(scene?.place ?? null);
    this.replaying = scene !== null;
    if (isAnother) this.hideOrShowLive();
    return isAnother;
  }

  private hideOrShowLive(): void {
    const visibility = this.replaying ? "none" : "visible";
    for (const id of this.layers(LIVE)) this.map?.setLayoutProperty(id, "visibility", visibility);
  }

  /** What lies at a place of the screen, in words. */
  wordsAt({ x, y }: { x: number; y: number }): string | null {
    const near: [PointLike, PointLike] = [
      [x - NEAR_PX, y - NEAR_PX],
      [x + NEAR_PX, y + NEAR_PX],
    ];
    const found = this.map?.queryRenderedFeatures(near, { layers: this.layers(OURS) }) ?? [];
    const words = found.map(({ properties }) => String(properties["words"] ?? ""));
    return words.find((each) => each !== "") ?? null;
  }

  private layers(names: RegExp): string[] {
    return this.map?.getLayersOrder().filter((id) => names.test(id)) ?? [];
  }
}
