// What a version of the rules changed, as its history tells it. Pure.

import { kindWords, nameWords } from "../alerts/words";
import { type Difference, differences, fieldWords, ruleValue } from "./model";
import { NEW, overrideDifferences, plain } from "./overrides";
import type { ConfigChange, Kinds, KindRule, Override } from "./types";

/** "too fast: counts from 5 → 10"; `usual` is what holds where nobody has set anything. */
export function changeWords({ path, before, after }: ConfigChange, usual: Kinds): string[] {
  const [name = "", folder = ""] = path.split("/").reverse();
  if (folder === "kinds") {
    const [was, is] = [before ?? usual[name], after ?? usual[name]];
    const head = kindWords(name) + (after === null ? ", as delivered again" : "");
    if (!isRule(was) || !isRule(is)) return [head];
    return differences(was, is).map((each) => line(head, fieldWords(each.name), each));
  }
  if (folder === "overrides") {
    const head = `override ${name}`;
    if (after === null) return [`${head}: gone`];
    const found = overrideDifferences(overrideOf(before), overrideOf(after));
    const isNew = before === null;
    return found.map((each) => line(isNew ? `${head}, new` : head, each.name, each));
  }
  return [`${nameWords(name)}: ${short(before)} → ${short(after)}`];
}

function line(head: string, name: string, { before, after }: Difference): string {
  return before === "" ? `${head}: ${name} ${after}` : `${head}: ${name} ${before} → ${after}`;
}

function short(value: unknown): string {
  const text = ruleValue("", value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function isRule(value: unknown): value is KindRule {
  return typeof value === "object" && value !== null;
}

function overrideOf(value: unknown): Override | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return plain({ ...NEW, ...(value as Partial<Override>) });
}
