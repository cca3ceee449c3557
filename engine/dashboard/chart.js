"use strict";

// Lines over time as SVG. A line is {name, points: [[seconds, value], ...]}; null is a gap.

// Seconds that no step of the wall clock touches, for pacing and rates. The wall clock is for labels alone.
const steady = () => performance.now() / 1000;
const wall = () => Date.now() / 1000;
const never = -Infinity;

const svgSpace = "http://www.w3.org/2000/svg";

function svg(name, attributes, text) {
  const element = document.createElementNS(svgSpace, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// A line breaks where two points are further apart than `gap` seconds or a value is missing.
function pathOf(points, gap, x, y) {
  let path = "";
  let before = null;
  for (const [at, value] of points) {
    if (value === null) {
      before = null;
      continue;
    }
    const joins = before !== null && at - before <= gap;
    path += `${joins ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    // A single point between two gaps is a dot.
    if (!joins) path += "h0.01";
    before = at;
  }
  return path;
}

function niceCeiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((step) => step * power).find((step) => step >= value);
}

function timeOfDay(date, withSeconds = true) {
  const parts = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return date.toLocaleTimeString([], withSeconds ? { ...parts, second: "2-digit" } : parts);
}

// The time, with weekday and date where it is not of today.
function momentOf(date) {
  if (date.toDateString() === new Date().toDateString()) return timeOfDay(date);
  return `${date.toLocaleDateString([], { weekday: "short", month: "short", day: "numeric" })} ${timeOfDay(date)}`;
}

function clockOf(seconds, range) {
  const date = new Date(seconds * 1000);
  if (range > 2 * 86400) return date.toLocaleDateString([], { month: "short", day: "numeric" });
  return timeOfDay(date, range <= 900);
}

class Chart {
  constructor(holder, title, format, ceiling) {
    this.holder = holder;
    this.title = title;
    this.format = format;
    this.ceiling = ceiling; // fixed top of the scale; undefined: from the data
    this.readout = document.createElement("div");
    this.readout.className = "readout";
    this.readout.hidden = true;
    this.cursor = null;
    holder.append(this.readout);
    holder.tabIndex = 0;
    holder.setAttribute("role", "img");
    holder.addEventListener("pointermove", (event) => this.point(event.offsetX));
    holder.addEventListener("pointerleave", () => this.point(null));
    holder.addEventListener("blur", () => this.point(null));
    holder.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(holder);
  }

  // `empty` is said where the lines have no point.
  show(lines, from, until, gap, empty) {
    Object.assign(this, { lines, from, until, gap, empty });
    this.draw();
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !this.lines) return;
    event.preventDefault();
    const at = this.cursor ?? this.until;
    this.cursor = Math.min(Math.max(at + step * (this.until - this.from) / 40, this.from), this.until);
    this.draw();
  }

  point(offset) {
    if (!this.lines) return;
    this.cursor = offset === null ? null
      : this.from + Math.min(Math.max((offset - this.left) / this.inner, 0), 1) * (this.until - this.from);
    this.draw();
  }

  draw() {
    if (!this.lines) return;
    const width = this.holder.clientWidth;
    const height = this.holder.clientHeight;
    if (!width) return;
    const values = this.lines.flatMap((line) => line.points.map((point) => point[1])).filter((value) => value !== null);
    const top = this.ceiling ?? niceCeiling(Math.max(0, ...values));
    this.left = 46;
    this.inner = width - this.left - 8;
    const x = (at) => this.left + (at - this.from) / (this.until - this.from) * this.inner;
    const y = (value) => 10 + (1 - value / top) * (height - 34);
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    for (const part of [0, 0.5, 1]) {
      picture.append(svg("line", { class: "grid", x1: this.left, x2: width - 8, y1: y(top * part), y2: y(top * part) }));
      picture.append(svg("text", { x: this.left - 6, y: y(top * part) + 4, "text-anchor": "end" }, this.format(top * part)));
    }
    const ticks = width < 420 ? 2 : 4;
    for (let i = 0; i <= ticks; ++i) {
      const at = this.from + (this.until - this.from) * i / ticks;
      const anchor = i === 0 ? "start" : i === ticks ? "end" : "middle";
      picture.append(svg("text", { x: x(at), y: height - 6, "text-anchor": anchor }, clockOf(at, this.until - this.from)));
    }
    for (const line of this.lines)
      picture.append(svg("path", { class: line.name, d: pathOf(line.points, this.gap, x, y) }));
    if (!values.length)
      picture.append(svg("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, this.empty));
    this.tell(picture, x, height, values.length > 0);
    this.holder.querySelector("svg")?.remove();
    this.holder.prepend(picture);
  }

  nearest(line, at) {
    let best = null;
    for (const point of line.points)
      if (point[1] !== null && Math.abs(point[0] - at) <= this.gap && (!best || Math.abs(point[0] - at) < Math.abs(best[0] - at))) best = point;
    return best;
  }

  tell(picture, x, height, known) {
    const said = (at) => this.lines.map((line) => {
      const point = this.nearest(line, at);
      return `${line.name} ${point ? this.format(point[1]) : "none"}`;
    }).join(", ");
    const newest = Math.max(this.from, ...this.lines.flatMap((line) => line.points.slice(-1).map((point) => point[0])));
    this.holder.setAttribute("aria-label", `${this.title}: ${known ? `${said(this.cursor ?? newest)}. Arrow keys move in time.` : `${this.empty}.`}`);
    this.readout.hidden = this.cursor === null;
    if (this.cursor === null) return;
    picture.append(svg("line", { class: "cursor", x1: x(this.cursor), x2: x(this.cursor), y1: 8, y2: height - 24 }));
    this.readout.textContent = `${clockOf(this.cursor, this.until - this.from)}: ${said(this.cursor)}`;
  }
}

// A small line without axes. `points` are [seconds, value or null].
function sparkline(points, from, until, gap) {
  const values = points.map((point) => point[1]).filter((value) => value !== null);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const picture = svg("svg", { viewBox: "0 0 130 26", preserveAspectRatio: "none", role: "img",
    "aria-label": values.length ? `rate from ${perSecond(low)} to ${perSecond(high)}` : "no history yet" });
  if (!values.length) return picture;
  const x = (at) => 2 + (at - from) / (until - from) * 126;
  const y = (value) => high > low ? 3 + (1 - (value - low) / (high - low)) * 20 : 20;
  picture.append(svg("path", { class: "only", d: pathOf(points, gap, x, y), "vector-effect": "non-scaling-stroke" }));
  return picture;
}
