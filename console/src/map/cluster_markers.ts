// Cluster bubbles as buttons on the map: a count inside a ring of the statuses it stands for.

import { Marker, type Map as MapLibre } from "maplibre-gl";
import type { Truck } from "../fleet/fleet";
import type { Cluster } from "../fleet/clusters";
import { latOf, lonOf } from "../fleet/mercator";

const STATUS_CLASSES = ["unknown", "moving", "stopped", "offline"];
const ORDER = [1, 2, 3, 0];

interface Bubble {
  marker: Marker;
  button: HTMLButtonElement;
  label: HTMLSpanElement;
}

export class ClusterMarkers {
  private readonly map: MapLibre;
  private readonly onOpen: (members: Truck[]) => void;
  private bubbles = new Map<string, Bubble>();
  private members = new Map<string, Truck[]>();

  constructor(map: MapLibre, onOpen: (members: Truck[]) => void) {
    this.map = map;
    this.onOpen = onOpen;
  }

  get count(): number {
    return this.bubbles.size;
  }

  show(clusters: Cluster<{ truck: Truck; x: number; y: number; status: number }>[]): void {
    const kept = new Map<string, Bubble>();
    this.members = new Map();
    for (const cluster of clusters) {
      const bubble = this.bubbles.get(cluster.key) ?? this.create(cluster.key);
      this.bubbles.delete(cluster.key);
      bubble.marker.setLngLat([lonOf(cluster.x), latOf(cluster.y)]);
      paint(bubble, cluster.members.length, cluster.byStatus);
      kept.set(cluster.key, bubble);
      this.members.set(
        cluster.key,
        cluster.members.map((member) => member.truck),
      );
      if (!bubble.button.isConnected) bubble.marker.addTo(this.map);
    }
    for (const bubble of this.bubbles.values()) bubble.marker.remove();
    this.bubbles = kept;
  }

  private create(key: string): Bubble {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "cluster";
    // Hundreds of tab stops would bar the way: by keyboard, trucks are found by search and events.
    button.tabIndex = -1;
    const label = document.createElement("span");
    button.append(label);
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      this.onOpen(this.members.get(key) ?? []);
    });
    return { marker: new Marker({ element: button }), button, label };
  }
}

function paint({ button, label }: Bubble, total: number, byStatus: number[]): void {
  const size = Math.round(26 + Math.min(26, Math.log10(total) * 11));
  label.textContent = total < 1000 ? String(total) : `${(total / 1000).toFixed(1)}k`;
  button.style.width = `${size}px`;
  button.style.height = `${size}px`;
  let turned = 0;
  const slices = ORDER.map((status) => {
    const from = turned;
    turned += (byStatus[status] ?? 0) / total;
    return `var(--${STATUS_CLASSES[status]}) ${from}turn ${turned}turn`;
  });
  button.style.backgroundImage = `conic-gradient(${slices.join(",")})`;
  const told = ORDER.filter((s) => byStatus[s]).map((s) => `${byStatus[s]} ${STATUS_CLASSES[s]}`);
  button.setAttribute("aria-label", `${total} trucks here: ${told.join(", ")}. Zoom in.`);
  button.title = `${total} trucks: ${told.join(", ")}`;
}
