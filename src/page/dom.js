// Builds the document from descriptions of elements. A text is always a text node: nothing here parses HTML.

const SVG = 'http://www.w3.org/2000/svg';
const SVG_TAGS = new Set(['svg', 'path', 'circle', 'rect']);
const PROPERTIES = new Set(['value', 'checked', 'selected', 'scrollTop']);

/**
 * Describes an element.
 *
 * `props` are attributes, except for `key` (identifies the element among its siblings), `on` (listeners by type of event),
 * `style` (properties by name; set by script, because the policy of the page forbids style attributes), and `mount` (called
 * once with the new element). An attribute that is `null`, `undefined` or `false` is absent.
 */
export function h(tag, props, ...children) {
  return { tag, props: props ?? {}, children: flat(children) };
}

/** Calls `act` after the next rendering: the first frame renders, the second one comes after it. */
export const afterRendering = (act) => requestAnimationFrame(() => requestAnimationFrame(act));

/** Makes the children of an element equal to the descriptions. Elements that stay keep their focus and their selection. */
export function render(parent, ...children) {
  patchChildren(parent, flat(children));
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child != null && child !== false && child !== true && child !== '');
}

function patchChildren(parent, wanted) {
  const wantedKeys = new Set(wanted.map((child) => child.props?.key).filter((key) => key != null));
  const byKey = new Map();
  for (const node of [...parent.childNodes]) {
    const key = node.description?.props.key;
    if (key == null) continue;
    if (wantedKeys.has(key)) byKey.set(key, node);
    else node.remove();
  }
  let place = parent.firstChild;
  for (const child of wanted) {
    const key = child.props?.key;
    const candidate = key == null ? place : byKey.get(key);
    const node = candidate && fits(candidate, child) ? candidate : create(child);
    if (node === place) place = place.nextSibling;
    else parent.insertBefore(node, place);
    patch(node, child);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function fits(node, child) {
  if (typeof child === 'object') return node.description?.tag === child.tag && node.description.props.key === child.props.key;
  return node.nodeType === Node.TEXT_NODE;
}

function create(child) {
  if (typeof child !== 'object') return document.createTextNode('');
  const node = SVG_TAGS.has(child.tag) ? document.createElementNS(SVG, child.tag) : document.createElement(child.tag);
  node.description = { tag: child.tag, props: {}, children: [] };
  return node;
}

function patch(node, child) {
  if (typeof child !== 'object') {
    if (node.data !== String(child)) node.data = child;
    return;
  }
  const before = node.description.props;
  const isNew = !node.isPatched;
  node.description = child;
  node.isPatched = true;
  patchChildren(node, child.children);
  for (const name of Object.keys(before)) {
    if (!(name in child.props)) assign(node, name, before[name], null);
  }
  for (const [name, value] of Object.entries(child.props)) assign(node, name, before[name], value);
  if (isNew) child.props.mount?.(node);
}

function assign(node, name, before, value) {
  if (name === 'key' || name === 'mount') return;
  if (name === 'on') return listen(node, value);
  if (name === 'style') return restyle(node, before ?? {}, value ?? {});
  if (PROPERTIES.has(name)) {
    if (value != null && node[name] !== value) node[name] = value;
    return;
  }
  if (before === value) return;
  if (value == null || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? '' : value);
}

function restyle(node, before, style) {
  for (const name of Object.keys(before)) if (!(name in style)) node.style.removeProperty(name);
  for (const [name, value] of Object.entries(style)) {
    if (before[name] !== value) node.style.setProperty(name, value);
  }
}

function listen(node, listeners) {
  node.listened ??= new Set();
  for (const type of Object.keys(listeners ?? {})) {
    if (node.listened.has(type)) continue;
    node.listened.add(type);
    node.addEventListener(type, (event) => node.description.props.on?.[type]?.(event));
  }
}
