import { get } from './api.js';
import { find, make } from './dom.js';
import { state, colour, writeLink } from './state.js';
import { digits, whole, time } from './format.js';

// More rows than this nobody reads: the filter finds the others.
const MaxRows = 200;

// What the server gives at a time, and how many older ones are asked for by name.
const PageRuns = 1000, MaxNamed = 100;

/** Returns all runs, the newest first. */
export async function allRuns() {
  const runs = [];
  for (;;) {
    const page = await get('/api/runs', { max: PageRuns, before: runs.at(-1)?.cursor });
    runs.push(...page);
    if (page.length < PageRuns) return runs;
  }
}

/** Returns all runs after some have changed: the newest are read anew, and of the older ones those that changed. */
export async function runsAfter(known, changed) {
  const newest = await get('/api/runs', { max: PageRuns });
  if (newest.length < PageRuns) return newest;
  const isNew = new Set(newest.map(run => run.id)), older = changed.filter(id => !isNew.has(id));
  if (older.length > MaxNamed) return allRuns();
  const read = new Map((older.length ? await get('/api/runs', { run: older }) : []).map(run => [run.id, run]));
  const rest = known.filter(run => !isNew.has(run.id) && (!older.includes(run.id) || read.has(run.id))).map(run => read.get(run.id) ?? run);
  return [...newest, ...rest, ...[...read.values()].filter(run => !known.some(other => other.id === run.id))];
}

/** Returns the runs that a filter finds: a regular expression where it is one, a text otherwise. */
export function matching(runs, filter) {
  if (!filter) return runs;
  try {
    const expression = new RegExp(filter, 'i');
    return runs.filter(run => expression.test(run.name) || expression.test(run.status) || run.id === filter);
  } catch {
    return runs.filter(run => run.name.toLowerCase().includes(filter.toLowerCase()));
  }
}

// Rows by run. They stay while they are shown: a press on one that was replaced meanwhile would be lost.
let rows = new Map();

const counted = count => `${whole(count)} run${count === 1 ? '' : 's'}`;

/** Shows the list. */
export function showRuns(runs, onChange) {
  const found = matching(runs, state.filter);
  // What is chosen stands first, so that it is never lost.
  const shown = [...found.filter(run => state.runs.includes(run.id)), ...found.filter(run => !state.runs.includes(run.id))].slice(0, MaxRows);
  find('count').textContent = (found.length === runs.length ? counted(runs.length) : `${whole(found.length)} of ${counted(runs.length)}`) + (found.length > shown.length ? `, ${shown.length} shown` : '');
  rows = new Map(shown.map(run => [run.id, rows.get(run.id) ?? new Row(run.id, onChange)]));
  for (const run of shown) rows.get(run.id).show(run);
  const list = find('runs'), elements = [...rows.values()].map(row => row.element);
  if (elements.length === list.children.length && elements.every((element, i) => element === list.children[i])) return;
  const focused = document.activeElement?.dataset?.run;
  list.replaceChildren(...elements);
  if (focused) rows.get(focused)?.box.focus({ preventScroll: true });
}

class Row {
  constructor(id, onChange) {
    this.box = make('input', { type: 'checkbox' });
    this.box.dataset.run = id;
    this.box.addEventListener('change', () => {
      state.runs = this.box.checked ? [...state.runs, id].slice(-10) : state.runs.filter(other => other !== id);
      writeLink();
      onChange();
    });
    [this.name, this.status, this.facts] = ['name', 'status', 'facts'].map(className => make('span', { className }));
    this.element = make('li', {}, make('label', {}, this.box, this.name, this.status, this.facts));
  }

  show(run) {
    const chosen = state.runs.includes(run.id), ink = chosen ? colour(run.id) : '';
    this.element.className = chosen ? 'chosen' : '';
    this.box.checked = chosen;
    this.box.style.accentColor = this.name.style.color = ink;
    this.name.textContent = this.name.title = run.name;
    this.status.textContent = run.status;
    this.status.className = 'status ' + run.status;
    this.status.title = run.message ?? '';
    this.facts.textContent = `step ${whole(run.lastStep)} · loss ${digits(run.lastLoss)} · ${time(run.lastEvent).slice(5, 16)}`;
  }
}
