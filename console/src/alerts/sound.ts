// Two short tones for a critical alert: silent until somebody allowed it, and that is remembered.

import { State } from "../signal";

const KEY = "ubertruck.alert-sound";
const TONES_HZ = [880, 1_175];
const TONE_S = 0.16;
const GAP_S = 0.2;
const LOUD = 0.25;

export class AlertSound {
  readonly isOn = new State(localStorage.getItem(KEY) === "on");
  /** How often it was heard, for who looks whether it was. */
  played = 0;
  private context: AudioContext | null = null;

  constructor() {
    this.isOn.on((isOn) => localStorage.setItem(KEY, isOn ? "on" : "off"));
    // A browser lets nothing sound before the page was touched.
    for (const kind of ["keydown", "pointerdown"])
      document.addEventListener(kind, () => this.wake(), { once: true });
  }

  /** Heard at once, so that whoever turns it on knows how it sounds. */
  toggle(): void {
    this.isOn.set(!this.isOn.value);
    this.wake();
    if (this.isOn.value) this.play();
  }

  play(): void {
    if (!this.isOn.value) return;
    this.played += 1;
    const context = this.context;
    if (context === null || context.state !== "running") return;
    TONES_HZ.forEach((hz, i) => tone(context, hz, context.currentTime + i * GAP_S));
  }

  private wake(): void {
    if (!this.isOn.value) return;
    this.context ??= new AudioContext();
    void this.context.resume();
  }
}

function tone(context: AudioContext, hz: number, at: number): void {
  const [source, volume] = [context.createOscillator(), context.createGain()];
  source.frequency.value = hz;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(LOUD, at + 0.02);
  volume.gain.linearRampToValueAtTime(0, at + TONE_S);
  source.connect(volume).connect(context.destination);
  source.start(at);
  source.stop(at + TONE_S);
}
