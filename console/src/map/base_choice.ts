// Which base map: the built-in one, what the installation offers, or what the dispatcher has set.

import type { StyleSpecification } from "maplibre-gl";
import type { Palette } from "../theme";
import { builtInStyle, rasterStyle } from "./basemap";

export type BaseMap =
  { kind: "built-in" } | { kind: "address"; address: string; attribution: string };

interface ConsoleConfig {
  map_address?: string;
  map_attribution?: string;
}

const STORE_KEY = "ubertruck.map";
export const BUILT_IN: BaseMap = { kind: "built-in" };

/** A style document, or raster tiles when the address has {z}, {x} and {y}. */
export async function styleFor(
  base: BaseMap,
  palette: Palette,
): Promise<StyleSpecification | string> {
  if (base.kind === "built-in") return builtInStyle(palette);
  if (base.address.includes("{z}")) return rasterStyle(base.address, base.attribution);
  return base.address;
}

/** What this browser was told, else what /console-config.json says, else the built-in map. */
export async function chosenBase(): Promise<BaseMap> {
  const stored = localStorage.getItem(STORE_KEY);
  if (stored !== null) return stored === "" ? BUILT_IN : fromAddress(stored, "");
  const config = await installationConfig();
  if (!config.map_address) return BUILT_IN;
  return fromAddress(config.map_address, config.map_attribution ?? "");
}

export function rememberBase(address: string): BaseMap {
  localStorage.setItem(STORE_KEY, address);
  return address === "" ? BUILT_IN : fromAddress(address, "");
}

/** Says what is wrong with an address, or null when it can be tried. */
export function addressProblem(address: string): string | null {
  if (address === "") return null;
  let url: URL;
  try {
    url = new URL(address.replace(/[{}]/g, ""), location.href);
  } catch {
    return "This is not an address. It should look like https://tiles.example.com/style.json";
  }
  if (url.origin !== location.origin && url.protocol !== "https:") {
    return "Only https:// addresses, or addresses on this server, can be used.";
  }
  return null;
}

function fromAddress(address: string, attribution: string): BaseMap {
  return { kind: "address", address, attribution };
}

async function installationConfig(): Promise<ConsoleConfig> {
  try {
    const response = await fetch("/console-config.json");
    const json = response.headers.get("Content-Type")?.includes("json");
    return response.ok && json ? ((await response.json()) as ConsoleConfig) : {};
  } catch {
    return {};
  }
}
