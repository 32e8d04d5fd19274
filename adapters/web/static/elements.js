// Makes elements; nothing here knows what they are for.

const SVG = "http://www.w3.org/2000/svg";

export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A button that shows a drawn line; `label` is its name. */
export function iconButton(path, label, act) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  const button = make("button", { type: "button", className: "icon", title: label }, svg);
  button.setAttribute("aria-label", label);
  button.addEventListener("click", act);
  return button;
}
