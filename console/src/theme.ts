// Dark or light: as the system says until the dispatcher chooses; colours CSS cannot reach.

import { State } from "./signal";

export type ThemeName = "dark" | "light";
export type ThemeChoice = ThemeName | "system";
type Rgb = [number, number, number];

export interface Palette {
  name: ThemeName;
  water: string;
  land: string;
  home: string;
  border: string;
  homeBorder: string;
  stateLine: string;
  label: string;
  labelHalo: string;
  fence: string;
  track: string;
  stop: string;
  away: string;
  route: string;
  text: string;
  statusRgb: [Rgb, Rgb, Rgb, Rgb];
  haloRgb: Rgb;
  accentRgb: Rgb;
}

const DARK: Palette = {
  name: "dark",
  water: "#0c1117",
  land: "#141a21",
  home: "#1a222b",
  border: "#27313c",
  homeBorder: "#46566a",
  stateLine: "#26313c",
  label: "#8494a6",
  labelHalo: "#131a21",
  fence: "#c98bff",
  track: "#5aa9ff",
  stop: "#ffb547",
  away: "#ff6a6a",
  route: "#7fd6c9",
  text: "#ffffff",
  statusRgb: [rgb("#9d8cff"), rgb("#2fd08c"), rgb("#ffb547"), rgb("#7b8896")],
  haloRgb: rgb("#0a0e13"),
  accentRgb: rgb("#ffffff"),
};

const LIGHT: Palette = {
  name: "light",
  water: "#cfdde6",
  land: "#eceae4",
  home: "#f8f7f3",
  border: "#cfccc2",
  homeBorder: "#8d8a80",
  stateLine: "#e0ddd3",
  label: "#5d6670",
  labelHalo: "#f8f7f3",
  fence: "#8a3fd1",
  track: "#1d6fd8",
  stop: "#d07800",
  away: "#c62f2f",
  route: "#0f7d6f",
  text: "#11181f",
  statusRgb: [rgb("#6a55e0"), rgb("#0b8a57"), rgb("#d07800"), rgb("#7c858e")],
  haloRgb: rgb("#ffffff"),
  accentRgb: rgb("#11181f"),
};

function rgb(hex: string): Rgb {
  const n = parseInt(hex.slice(1), 16);
  return [(n >> 16) / 255, ((n >> 8) & 255) / 255, (n & 255) / 255];
}

const CHOICE_KEY = "ubertruck.theme";

export class Theme {
  readonly choice: State<ThemeChoice>;
  readonly palette: State<Palette>;
  private readonly system = window.matchMedia("(prefers-color-scheme: light)");

  constructor() {
    this.choice = new State<ThemeChoice>(storedChoice());
    this.palette = new State<Palette>(DARK);
    this.choice.watch((choice) => {
      localStorage.setItem(CHOICE_KEY, choice);
      this.apply();
    });
    this.system.addEventListener("change", () => this.apply());
  }

  /** The button's step: to the other one of what is shown now. */
  toggle(): void {
    this.choice.set(this.palette.value.name === "dark" ? "light" : "dark");
  }

  private apply(): void {
    const choice = this.choice.value;
    const light = choice === "light" || (choice === "system" && this.system.matches);
    const palette = light ? LIGHT : DARK;
    document.documentElement.dataset["theme"] = palette.name;
    this.palette.set(palette);
  }
}

function storedChoice(): ThemeChoice {
  const stored = localStorage.getItem(CHOICE_KEY);
  return stored === "dark" || stored === "light" ? stored : "system";
}
