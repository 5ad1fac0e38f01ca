import { listen } from './api.js';
import { find, make } from './dom.js';
import { state, readLink, writeLink } from './state.js';
import { allRuns, runsAfter, showRuns } from './runs.js';
import { Curves, Sparsity } from './curves.js';
import { Log, Checkpoints, Config } from './views.js';
import { Samples } from './samples.js';

const tabs = { curves: ['Curves', Curves], sparsity: ['Sparsity', Sparsity], log: ['Log', Log], samples: ['Samples', Samples], checkpoints: ['Checkpoints', Checkpoints], config: ['Run & config', Config] };
const hasControls = () => state.tab === 'curves' || state.tab === 'sparsity';
let runs = [], view = null, isBusy = false, isStale = false;

/** Brings the view up to date. While one refresh is under way others become one after it. */
async function refresh() {
  if (isBusy) {
    isStale = true;
    return;
  }
  isBusy = true;
  try {
    await view.refresh();
    find('problem').hidden = true;
  } catch (e) {
    tell(e);
  } finally {
    isBusy = false;
    if (isStale) {
      isStale = false;
      refresh();
    }
  }
}

function tell(error) {
  find('problem').textContent = error.message;
  find('problem').hidden = false;
}

function showControls() {
  find('axis').value = state.x;
  find('log').checked = state.log;
  find('smooth').value = state.smooth;
  find('smoothValue').textContent = state.smooth.toFixed(2);
  find('reset').hidden = !state.range;
  find('controls').hidden = !hasControls();
  if (!state.runs.includes(state.one)) state.one = state.runs[0] ?? null;
  find('one').hidden = state.tab === 'curves' || state.tab === 'samples' || state.runs.length < 2;
  find('oneRun').replaceChildren(...state.runs.map(id => make('option', { value: id, selected: id === state.one }, runs.find(run => run.id === id)?.name ?? id)));
}

function update() {
  writeLink();
  showControls();
  refresh();
}

function openTab(name) {
  state.tab = name in tabs ? name : 'curves';
  for (const tab of find('tabs').children) {
    tab.setAttribute('aria-selected', tab.dataset.tab === state.tab);
    tab.tabIndex = tab.dataset.tab === state.tab ? 0 : -1;
  }
  view?.close();
  find('view').replaceChildren();
  const place = make('div', {});
  find('view').append(place);
  view = new tabs[state.tab][1](place, range => zoom(range), () => zoom(null));
  update();
}

function zoom(range) {
  state.range = range;
  update();
}

/** Reads the list of runs: all of it, or what news of some can have changed. */
async function loadRuns(changed = null) {
  try {
    runs = changed ? await runsAfter(runs, changed) : await allRuns();
  } catch (e) {
    tell(e);
    return;
  }
  state.runs = state.runs.filter(id => runs.some(run => run.id === id));
  if (!state.runs.length && runs.length && !loadRuns.isDone) state.runs = [runs[0].id];
  loadRuns.isDone = runs.length > 0;
  list();
}

const choose = () => {
  list();
  update();
};
const list = () => showRuns(runs, choose);

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  find('theme').textContent = theme === 'dark' ? 'Light' : 'Dark';
}

function wire() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  setTheme(localStorage.getItem('theme') ?? (dark.matches ? 'dark' : 'light'));
  dark.addEventListener('change', () => {
    if (!localStorage.getItem('theme')) setTheme(dark.matches ? 'dark' : 'light');
    list();
    refresh();
  });
  find('theme').addEventListener('click', () => {
    localStorage.setItem('theme', document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark');
    setTheme(localStorage.getItem('theme'));
    list();
    refresh();
  });
  find('share').addEventListener('click', async () => {
    await navigator.clipboard?.writeText(location.href).catch(() => {});
    find('share').textContent = 'Copied';
    setTimeout(() => { find('share').textContent = 'Copy link'; }, 1500);
  });
  find('filter').value = state.filter;
  find('filter').addEventListener('input', () => {
    state.filter = find('filter').value;
    writeLink();
    list();
  });
  find('axis').addEventListener('change', () => {
    [state.x, state.range] = [find('axis').value, null];
    update();
  });
  find('log').addEventListener('change', () => { state.log = find('log').checked; update(); });
  find('smooth').addEventListener('input', () => { state.smooth = Number(find('smooth').value); update(); });
  find('reset').addEventListener('click', () => zoom(null));
  find('oneRun').addEventListener('change', () => { state.one = find('oneRun').value; update(); });
  addEventListener('runs-changed', () => loadRuns().then(update));
  addEventListener('keydown', e => {
    if (e.key === '/' && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      e.preventDefault();
      find('filter').focus();
    } else if (e.key === 'Escape' && state.range) {
      zoom(null);
    }
  });
  addTabs();
}

function addTabs() {
  find('tabs').append(...Object.entries(tabs).map(([name, [title]]) => {
    const tab = make('button', { type: 'button' }, title);
    tab.setAttribute('role', 'tab');
    tab.dataset.tab = name;
    tab.addEventListener('click', () => openTab(name));
    return tab;
  }));
  find('tabs').addEventListener('keydown', e => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key], all = [...find('tabs').children];
    if (!step) return;
    const next = all[(all.findIndex(tab => tab.dataset.tab === state.tab) + step + all.length) % all.length];
    next.focus();
    openTab(next.dataset.tab);
  });
}

readLink();
wire();
await loadRuns();
openTab(state.tab);
addEventListener('hashchange', () => {
  readLink();
  find('filter').value = state.filter;
  list();
  openTab(state.tab);
});
listen(async changed => {
  await loadRuns(changed);
  showControls();
  if (changed.some(id => state.runs.includes(id))) refresh();
}, isOn => {
  find('live').textContent = isOn ? 'live' : 'not connected';
  find('live').className = isOn ? 'on' : '';
});
