import { get } from './api.js';
import { make } from './dom.js';
import { state, stretch } from './state.js';
import { Chart } from './chart.js';
import { heatMap } from './heat.js';

// What stands first, and what is drawn into one chart.
const known = [
  ['Training', [['loss', ['loss', 'val_loss']], ['bits per byte', ['bits_per_byte', 'val_bits_per_byte']], ['learning rate', ['lr']], ['gradient norm', ['grad_norm']], ['tokens per second', ['tokens_per_second']], ['MFU', ['mfu']]]],
  ['Sparsity', [['active fraction of the FFN', ['ffn_active_fraction']], ['keys kept by attention', ['attention_kept']]]],
  ['Time', [['seconds per step', ['step_seconds']], ['waiting for data', ['data_wait_fraction']], ['communication', ['communication_fraction']], ['tokens', ['tokens']], ['FLOPs of a token, executed', ['flops_executed_per_token']], ['FLOPs of a token, useful', ['flops_useful_per_token']]]],
  ['System', [['cores busy', ['system/cores_busy']], ['memory of the process, bytes', ['system/memory_bytes']], ['memory of the machine, bytes', ['system/machine_memory_bytes']]]],
];
const heatTitles = { ffn_active_fraction_by_layer: 'Active fraction by layer', attention_kept_by_layer: 'Keys kept by layer', 'sparsity_audit/ffn_dead_fraction': 'Dead neurons by layer, as a share' };
/** The words of a metric's name. */
const words = name => name.replaceAll('_', ' ').replaceAll('/', ': ').replace(/^ffn\b/, 'FFN');
// Keys of one question: the address must stay of a fair length.
const KeysOfQuestion = 50;

/** Names of metrics that are arrays, one value a layer. */
export const layered = keys => [...new Set(keys.filter(key => /\[\d+\]$/.test(key)).map(key => key.replace(/\[\d+\]$/, '')))];

/** Groups of charts for metrics: the known ones, then the others by what stands before the first slash. */
export function groups(keys) {
  const left = new Set(keys.filter(key => !/\[\d+\]$/.test(key))), result = [];
  for (const [group, charts] of known) {
    const here = charts.map(([title, names]) => [title, names.filter(name => left.delete(name))]).filter(([, names]) => names.length);
    if (here.length) result.push([group, here]);
  }
  const others = new Map();
  for (const key of left) {
    const slash = key.indexOf('/'), group = slash > 0 ? key.slice(0, slash) : 'Other';
    others.set(group, [...others.get(group) ?? [], [words(slash > 0 ? key.slice(slash + 1) : key), [key]]]);
  }
  return [...result, ...[...others].sort().map(([group, charts]) => [words(group), charts])];
}

/** The view of all curves. */
export class Curves {
  constructor(view, onZoom, onReset, only) {
    [this.view, this.onZoom, this.onReset, this.only] = [view, onZoom, onReset, only];
    this.charts = [];
    this.fitting = new ResizeObserver(() => this.charts.forEach(chart => chart.fit()));
    this.fitting.observe(view);
  }

  async refresh() {
    const runs = state.runs;
    if (!runs.length) {
      this.shape = null;
      this.view.replaceChildren(make('p', { className: 'empty' }, 'Choose a run on the left.'));
      return;
    }
    const keys = [...new Set((await Promise.all(runs.map(run => get('/api/keys', { run })))).flat())];
    const shown = groups(keys).filter(([group]) => !this.only || this.only.includes(group)), shape = JSON.stringify(shown);
    const names = shown.flatMap(([, charts]) => charts.flatMap(([, keys]) => keys)), curves = [];
    for (let i = 0; i < names.length; i += KeysOfQuestion)
      curves.push(...(await get('/api/series', { run: runs, key: names.slice(i, i + KeysOfQuestion), max: 600, ...stretch() })).series);
    if (runs !== state.runs || this.isClosed) return;
    // Only now, so that no empty chart is seen meanwhile.
    if (shape !== this.shape) this.layOut(shown, shape);
    for (const chart of this.charts) chart.show(curves.filter(curve => chart.keys.includes(curve.key)));
    if (!shown.length && !this.only) this.view.replaceChildren(make('p', { className: 'empty' }, 'No metrics yet.'));
  }

  layOut(shown, shape) {
    this.charts.forEach(chart => chart.destroy());
    this.charts = [];
    this.shape = shape;
    this.view.replaceChildren(...shown.flatMap(([group, charts]) => {
      const cards = charts.map(([title, names]) => new Chart(title, names, this.onZoom, this.onReset));
      this.charts.push(...cards);
      return [make('h2', {}, group), make('div', { className: 'charts' }, ...cards.map(card => card.element))];
    }));
  }

  close() {
    this.isClosed = true;
    this.fitting.disconnect();
    this.charts.forEach(chart => chart.destroy());
  }
}

/** The view of sparsity: heat maps of one run over the curves of all chosen ones. */
export class Sparsity {
  constructor(view, onZoom, onReset) {
    [this.onZoom, this.onReset] = [onZoom, onReset];
    this.maps = make('div', {});
    const below = make('div', {});
    view.replaceChildren(this.maps, below);
    this.curves = new Curves(below, onZoom, onReset, ['Sparsity']);
  }

  async refresh() {
    const run = state.one;
    if (run) {
      const names = layered(await get('/api/keys', { run })), order = Object.keys(heatTitles);
      names.sort((a, b) => (order.indexOf(a) + 1 || 99) - (order.indexOf(b) + 1 || 99));
      const matrices = await Promise.all(names.map(key => get('/api/layers', { run, key, max: 300, ...stretch() })));
      // A drag goes on over the map that it began on.
      if (run !== state.one || this.maps.querySelector('.dragged')) return;
      const focused = document.activeElement?.dataset?.key;
      const maps = matrices.filter(matrix => matrix.steps.length).map(matrix => [matrix.key in heatTitles, heatMap(heatTitles[matrix.key] ?? words(matrix.key.replace(/^sparsity_audit\//, '')), matrix, this.onZoom, this.onReset)]);
      const [wide, small] = [true, false].map(isKnown => maps.filter(([known]) => known === isKnown).map(([, card]) => card));
      this.maps.replaceChildren(...wide, ...small.length ? [make('h2', {}, 'Other metrics by layer'), make('div', { className: 'charts' }, ...small)] : []);
      if (focused) this.maps.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
      if (!names.length) this.maps.replaceChildren(make('p', { className: 'empty' }, 'This run sends no metrics by layer.'));
    }
    await this.curves.refresh();
  }

  close() {
    this.curves.close();
  }
}
