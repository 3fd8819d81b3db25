// What is looked at stands in the page's address, beside the map's place.

export type Name = "booking" | "money" | "alerts" | "system" | "mine";

export function inAddress(name: Name): string | null {
  const found = parts().find((part) => part.startsWith(`${name}=`));
  return found === undefined ? null : decodeURIComponent(found.slice(name.length + 1));
}

/** The map writes its own part: what it wrote stays letter by letter. */
export function putInAddress(name: Name, id: string | null): void {
  const others = parts().filter((part) => !part.startsWith(`${name}=`));
  const all = id === null ? others : [...others, `${name}=${encodeURIComponent(id)}`];
  history.replaceState(history.state, "", all.length > 0 ? `#${all.join("&")}` : "#");
}

function parts(): string[] {
  return location.hash.replace(/^#/, "").split("&").filter(Boolean);
}
