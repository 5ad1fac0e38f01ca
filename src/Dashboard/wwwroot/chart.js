import { state, colour } from './state.js';
import { number, tick, digits, duration } from './format.js';

const Height = 220;
const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Exponential mean, right from the first value on; gaps stay gaps. */
export function smooth(values, weight) {
  let mean = 0, sum = 0;
  return values.map(value => {
    if (value === null || value === undefined) return value;
    mean = mean * weight + value * (1 - weight);
    sum = sum * weight + 1 - weight;
    return mean / sum;
  });
}

/** What can be drawn: null stands for what is not finite, and for what has no logarithm. */
const drawable = values => values.map(value => {
  const n = number(value);
  return Number.isFinite(n) && (!state.log || n > 0) ? n : null;
});

/** Columns and series for uPlot out of the server's curves. */
function columns(curves) {
  const tables = [], series = [], bands = [];
  for (const curve of curves) {
    const place = curve.x.map((x, i) => x === null ? -1 : i).filter(i => i >= 0);
    const pick = values => drawable(place.map(i => values[i]));
    const stroke = colour(curve.run), mean = pick(curve.mean), table = [place.map(i => curve.x[i])];
    if (curve.min) {
      table.push(pick(curve.max), pick(curve.min));
      const at = series.length + 1;
      series.push({ stroke: 'transparent', points: { show: false } }, { stroke: 'transparent', points: { show: false } });
      bands.push({ series: [at, at + 1], fill: stroke + '26' });
    }
    // Validation has few values, each the mean of much already.
    const isValidation = curve.key.startsWith('val_'), isSmooth = state.smooth > 0 && !isValidation;
    if (isSmooth) {
      table.push(mean);
      series.push({ stroke: stroke + '40', width: 1, points: { show: false } });
    }
    table.push(isSmooth ? smooth(mean, state.smooth) : mean);
    series.push({ label: curve.key, stroke, width: 1.6, dash: isValidation ? [5, 4] : undefined, points: { show: mean.length < 3 || isValidation && mean.length < 60, size: 5 } });
    if (table[0].length) tables.push(table);
    else tables.push([[0], ...table.slice(1).map(() => [null])]);
  }
  for (const line of series) line.spanGaps = false;
  return { data: tables.length ? uPlot.join(tables, tables.map(table => table.map(() => 2))) : [[]], series, bands };
}

function options(width, series, bands, onZoom) {
  const axis = { stroke: style('--quiet'), grid: { stroke: style('--grid'), width: 1 }, ticks: { show: false }, font: '11px system-ui, "DejaVu Sans", sans-serif' };
  const wide = (u, values) => values ? Math.max(42, 14 + 7 * Math.max(...values.map(value => String(value).length))) : 42;
  return {
    width, height: Height, bands, padding: [8, 12, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'all' }, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
    scales: { x: { time: false, range: (u, min, max) => state.range ?? (min === max ? [min - 1, max + 1] : [min, max]) }, y: state.log ? { distr: 3 } : {} },
    axes: [
      { ...axis, values: (u, ticks) => ticks.map(state.x === 'time' ? duration : tick), size: 28, space: 60 },
      { ...axis, values: (u, ticks) => ticks.map(tick), size: wide, space: 34 },
    ],
    series: [{}, ...series],
    hooks: {
      setSelect: [u => {
        if (u.select.width < 4) return;
        const [from, to] = [u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x')];
        u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
        onZoom([from, to]);
      }],
    },
  };
}

/** What is drawn where, for whoever wants to read it: uPlot by the element that it is in. */
export const charts = new WeakMap();

/** A card with curves that follows new data. */
export class Chart {
  constructor(title, keys, onZoom, onReset) {
    [this.keys, this.onZoom, this.onReset] = [keys, onZoom, onReset];
    this.element = document.createElement('div');
    this.element.className = 'card';
    const heading = document.createElement('h3');
    this.now = document.createElement('span');
    this.now.className = 'now';
    heading.append(title, this.now);
    this.plot = document.createElement('div');
    this.plot.className = 'plot';
    this.plot.dataset.key = keys[0];
    this.element.append(heading, this.plot);
  }

  /** Draws curves; the same lines as before only get new points. */
  show(curves) {
    this.curves = curves;
    const { data, series, bands } = columns(curves);
    const last = curves.find(curve => curve.key === this.keys[0] && curve.mean.length);
    this.now.textContent = last ? digits(last.mean.at(-1)) : '';
    this.plot.setAttribute('role', 'img');
    this.plot.setAttribute('aria-label', `${this.keys.join(', ')}: latest ${this.now.textContent || 'none'}`);
    const shape = JSON.stringify([series, state.x, state.log, document.documentElement.dataset.theme]);
    const width = this.plot.clientWidth;
    if (this.u && shape === this.shape) {
      this.u.setData(data);
      return;
    }
    this.u?.destroy();
    this.shape = shape;
    this.u = new uPlot(options(width || 380, series, bands, this.onZoom), data, this.plot);
    charts.set(this.plot, this.u);
    this.u.over.addEventListener('dblclick', this.onReset);
  }

  fit() {
    if (this.u && this.plot.clientWidth && this.plot.clientWidth !== this.u.width) this.u.setSize({ width: this.plot.clientWidth, height: Height });
  }

  destroy() {
    this.u?.destroy();
  }
}
