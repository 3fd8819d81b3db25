// The booking that is looked at stands in the page's address, beside the map's place.

const NAME = "booking";

export function bookingInAddress(): string | null {
  const found = parts().find((part) => part.startsWith(`${NAME}=`));
  return found === undefined ? null : decodeURIComponent(found.slice(NAME.length + 1));
}

/** The map writes its own part: what it wrote stays letter by letter. */
export function putBookingInAddress(id: string | null): void {
  const others = parts().filter((part) => !part.startsWith(`${NAME}=`));
  const all = id === null ? others : [...others, `${NAME}=${encodeURIComponent(id)}`];
  history.replaceState(history.state, "", all.length > 0 ? `#${all.join("&")}` : "#");
}

function parts(): string[] {
  return location.hash.replace(/^#/, "").split("&").filter(Boolean);
}
