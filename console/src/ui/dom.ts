// Builds elements without a framework: h("button", {class: "x", onclick}, "text", child).

type Child = Node | string | null | undefined | false;
type Props = Record<string, unknown> & { class?: string };

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on") && typeof value === "function") {
      element.addEventListener(name.slice(2), value as EventListener);
    } else if (name === "class") element.className = String(value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

export function append(parent: Element, children: Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) parent.append(child);
  }
}

export function replace(parent: Element, ...children: Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

/** A line icon from its path on a 24 x 24 grid. */
export function icon(path: string): SVGSVGElement {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(ns, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export const ICONS = {
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM20 20l-4.8-4.8",
  close: "M6 6l12 12M18 6 6 18",
  moon: "M20 14.5A8 8 0 1 1 9.5 4a6.5 6.5 0 0 0 10.5 10.5Z",
  sun:
    "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z" +
    "M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21" +
    "M5.6 5.6l1.1 1.1M17.3 17.3l1.1 1.1M5.6 18.4l1.1-1.1M17.3 6.7l1.1-1.1",
  layers: "M12 4 3.5 8.5 12 13l8.5-4.5L12 4ZM4 12.5l8 4.3 8-4.3M4 16.3l8 4.2 8-4.2",
  out: "M14 5H6v14h8M10 12h10M17 9l3 3-3 3",
  list: "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
  home: "M4 11.5 12 5l8 6.5M6.5 10v9h11v-9",
  replay: "M5 12a7 7 0 1 0 2.2-5.1M5 4v4h4M12 9v3.5l2.5 1.5",
  route:
    "M6 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM18 9a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z" +
    "M8 17h7a3 3 0 0 0 0-6H9a3 3 0 0 1 0-6h7",
  back: "M15 5l-7 7 7 7",
  rupee: "M6 4h12M6 8.5h12M15 20 6.5 13H9a4.5 4.5 0 0 0 0-9",
  load:
    "M3 7h11v9H3ZM14 10h4l3 3v3h-7M7 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z" +
    "M17 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z",
  bell: "M6 17V11a6 6 0 1 1 12 0v6M4 17h16M10 20h4",
  warning: "M12 4 2.8 19.5h18.4L12 4ZM12 10v4.2M12 16.8v.2",
  speaker: "M4 9.5v5h3.5L12 18V6L7.5 9.5H4ZM15.5 9a4.5 4.5 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11",
  check: "M5 12.5l4.5 4.5L19 7.5",
  pulse: "M3 12h4l3-7 4 14 3-7h4",
  follow: "M12 4v3M12 17v3M4 12h3M17 12h3M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
} as const;

export function iconButton(
  path: string,
  label: string,
  onclick: () => void,
  props: Props = {},
): HTMLButtonElement {
  const shared = { type: "button", class: "icon-button", "aria-label": label, title: label };
  return h("button", { ...shared, onclick, ...props }, icon(path) as unknown as Node);
}

/** Keys are letters there, and no commands. */
export function isTyping(at: EventTarget | null): boolean {
  return (
    at instanceof HTMLInputElement ||
    at instanceof HTMLSelectElement ||
    at instanceof HTMLTextAreaElement
  );
}
