import { find, make } from './dom.js';
import { state, colour, writeLink } from './state.js';
import { digits, whole, time } from './format.js';

// More rows than this nobody reads: the filter finds the others.
const MaxRows = 200;

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

/** Shows the list; the row in use keeps its focus. */
export function showRuns(runs, onChange) {
  const list = find('runs'), focused = document.activeElement?.dataset?.run;
  const found = matching(runs, state.filter);
  // What is chosen stands first, so that it is never lost.
  const rows = [...found.filter(run => state.runs.includes(run.id)), ...found.filter(run => !state.runs.includes(run.id))].slice(0, MaxRows);
  find('count').textContent = (found.length === runs.length ? `${whole(runs.length)} runs` : `${whole(found.length)} of ${whole(runs.length)} runs`) + (found.length > rows.length ? `, ${rows.length} shown` : '');
  list.replaceChildren(...rows.map(run => row(run, onChange)));
  if (focused) list.querySelector(`[data-run="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function row(run, onChange) {
  const chosen = state.runs.includes(run.id);
  const box = make('input', { type: 'checkbox', checked: chosen });
  box.dataset.run = run.id;
  box.addEventListener('change', () => {
    state.runs = box.checked ? [...state.runs, run.id].slice(-10) : state.runs.filter(id => id !== run.id);
    writeLink();
    onChange();
  });
  const name = make('span', { className: 'name', title: run.name }, run.name);
  if (chosen) {
    name.style.color = colour(run.id);
    box.style.accentColor = colour(run.id);
  }
  const facts = `step ${whole(run.lastStep)} · loss ${digits(run.lastLoss)} · ${time(run.lastEvent).slice(5, 16)}`;
  return make('li', { className: chosen ? 'chosen' : '' }, make('label', {}, box, name,
    make('span', { className: 'status ' + run.status, title: run.message ?? '' }, run.status), make('span', { className: 'facts' }, facts)));
}
