// The inbox's keys: one table for what they do, for the help, and for the hints on buttons.

export type Command =
  | "next"
  | "previous"
  | "acknowledge"
  | "snooze"
  | "resolve"
  | "assign"
  | "comment"
  | "true_alert"
  | "false_alert"
  | "open"
  | "search"
  | "help";

export const KEYS: readonly (readonly [key: string, command: Command, words: string])[] = [
  ["j", "next", "next alert"],
  ["k", "previous", "previous alert"],
  ["a", "acknowledge", "acknowledge: you have seen it"],
  ["z", "snooze", "snooze; then 1 to 4 for how long"],
  ["r", "resolve", "resolve, with a note"],
  ["m", "assign", "assign to me, or to nobody again"],
  ["c", "comment", "comment; Enter sends it, Esc leaves it"],
  ["t", "true_alert", "judge: somebody should act on such an alert"],
  ["f", "false_alert", "judge: a false alert"],
  ["o", "open", "open on the map"],
  ["/", "search", "search in the inbox"],
  ["?", "help", "these keys"],
];

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** Null: the key is none of ours. Capital letters count: somebody's caps lock is on. */
export function commandOf({ key, ctrlKey, metaKey, altKey }: Pressed): Command | null {
  if (ctrlKey || metaKey || altKey) return null;
  const lower = key.length === 1 ? key.toLowerCase() : key;
  return KEYS.find(([each]) => each === lower)?.[1] ?? null;
}

export function keyOf(command: Command): string {
  return KEYS.find(([, each]) => each === command)?.[0] ?? "";
}
