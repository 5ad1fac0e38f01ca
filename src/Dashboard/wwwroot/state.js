// What the page shows. It is kept in the link, so that a link shows the same.

const palette = ['#2563eb', '#ea580c', '#16a34a', '#db2777', '#7c3aed', '#0891b2', '#ca8a04', '#dc2626', '#4d7c0f', '#64748b'];

// The same hues, light enough for a dark page.
const darkPalette = ['#6ea8fe', '#fb923c', '#4ade80', '#f472b6', '#a78bfa', '#22d3ee', '#facc15', '#f87171', '#a3e635', '#94a3b8'];

export const state = { runs: [], tab: 'curves', x: 'step', log: false, smooth: 0, range: null, filter: '', one: null, level: 'Verbose' };

export function readLink() {
  const link = new URLSearchParams(location.hash.slice(1));
  state.runs = link.getAll('run');
  state.tab = link.get('tab') ?? 'curves';
  state.x = ['step', 'tokens', 'time'].includes(link.get('x')) ? link.get('x') : 'step';
  state.log = link.get('log') === '1';
  state.smooth = Math.min(0.99, Math.max(0, Number(link.get('smooth')) || 0));
  state.filter = link.get('filter') ?? '';
  const range = (link.get('range') ?? '').split('~').map(Number);
  state.range = range.length === 2 && range[0] < range[1] ? range : null;
}

export function writeLink() {
  const link = new URLSearchParams();
  for (const run of state.runs) link.append('run', run);
  if (state.tab !== 'curves') link.set('tab', state.tab);
  if (state.x !== 'step') link.set('x', state.x);
  if (state.log) link.set('log', '1');
  if (state.smooth) link.set('smooth', state.smooth);
  if (state.range) link.set('range', state.range.join('~'));
  if (state.filter) link.set('filter', state.filter);
  history.replaceState(null, '', '#' + link);
}

/** What to ask for: the zoomed stretch and a little on both sides, so that lines reach the edges. */
export function stretch() {
  if (!state.range) return { x: state.x };
  const [low, high] = state.range, margin = (high - low) * 0.02;
  return { x: state.x, low: low - margin, high: high + margin };
}

/** The colour of a chosen run. */
export const colour = run => (document.documentElement.dataset.theme === 'dark' ? darkPalette : palette)[Math.max(0, state.runs.indexOf(run)) % palette.length];
