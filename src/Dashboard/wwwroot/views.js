import { get, describe, download, remove } from './api.js';
import { make } from './dom.js';
import { state, writeLink } from './state.js';
import { bytes, digits, time, whole } from './format.js';

const levels = ['Verbose', 'Debug', 'Information', 'Warning', 'Error', 'Fatal'];
const empty = text => make('p', { className: 'empty' }, text);
const head = (...names) => make('thead', {}, make('tr', {}, ...names.map(name => make('th', { scope: 'col' }, name))));
const table = (header, rows) => make('div', { className: 'scroll' }, make('table', {}, header, make('tbody', {}, ...rows)));

/** A view that shows something of one run anew each time. */
class View {
  constructor(view) {
    this.view = view;
  }

  async refresh() {
    const run = state.one;
    const content = run ? await this.content(run) : [empty('Choose a run on the left.')];
    if (run === state.one && !this.isClosed) this.view.replaceChildren(...content);
  }

  close() {
    this.isClosed = true;
  }
}

export class Log extends View {
  pages = 1;

  async content(run) {
    const select = make('select', {}, ...levels.map(level => make('option', { value: level, selected: level === state.level }, level)));
    select.addEventListener('change', () => {
      state.level = select.value;
      this.refresh();
    });
    const lines = [];
    let isMore = true;
    for (let page = 0; page < this.pages && isMore; page++) {
      const next = await get('/api/log', { run, level: state.level, before: lines.at(-1)?.cursor });
      lines.push(...next);
      isMore = next.length === 200;
    }
    const more = make('button', { type: 'button', hidden: !isMore }, 'Earlier lines');
    more.addEventListener('click', () => {
      this.pages++;
      this.refresh();
    });
    return [make('label', {}, 'level and above ', select), lines.length ? make('ol', { className: 'lines' }, ...lines.map(line => make('li', {},
      make('span', { className: 'quiet' }, time(line.time)), make('span', { className: line.level }, line.level),
      make('span', { className: 'text' }, line.text + (line.exception ? '\n' + line.exception : ''))))) : empty('No lines.'), more];
  }
}

export class Checkpoints extends View {
  async content(run) {
    const saved = await get('/api/checkpoints', { run });
    if (!saved.length) return [empty('No checkpoints yet.')];
    return [table(head('step', 'time', 'size', 'seconds', 'path'), saved.map(one => make('tr', {},
      make('td', {}, whole(one.step)), make('td', {}, time(one.time)), make('td', {}, bytes(one.data.bytes)), make('td', {}, digits(one.data.seconds)), make('td', {}, one.data.path))))];
  }
}

export class Config extends View {
  async content(run) {
    const { run: summary, about, config } = await describe(run);
    const facts = [['name', summary.name], ['id', summary.id], ['status', summary.message ? `${summary.status}: ${summary.message}` : summary.status], ['started', time(summary.started)], ['last event', time(summary.lastEvent)],
      ['last step', whole(summary.lastStep)], ['last loss', digits(summary.lastLoss)], ['command', about?.command], ['host', about?.host], ['ranks', about?.ranks], ['parameters', about?.parameters && whole(about.parameters)], ['commit', about?.commit], ['version', about?.version]];
    const content = [make('div', { className: 'card wide' }, make('dl', {}, ...facts.filter(([, value]) => value !== null && value !== undefined).flatMap(([name, value]) => [make('dt', {}, name), make('dd', {}, String(value))])), this.actions(summary))];
    if (state.runs.length > 1) content.push(...await this.difference());
    if (config) content.push(make('h2', {}, 'Configuration'), table(head('key', 'value'), flatten(config).map(([key, value]) => make('tr', {}, make('td', {}, key), make('td', {}, value)))));
    return content;
  }

  async difference() {
    const { differences } = await get('/api/diff', { runs: state.runs });
    const names = await Promise.all(state.runs.map(async id => (await describe(id)).run.name));
    return [make('h2', {}, 'What differs between the chosen runs'), differences.length ? table(head('key', ...names), differences.map(one => make('tr', {}, make('td', {}, one.key), ...one.values.map(value => make('td', {}, value ?? '–'))))) : empty('Nothing.')];
  }

  actions(run) {
    const button = (text, action, className = '') => {
      const made = make('button', { type: 'button', className }, text);
      made.addEventListener('click', action);
      return made;
    };
    return make('div', { className: 'actions' }, button('Download CSV', () => download(run, 'csv')), button('Download Parquet', () => download(run, 'parquet')), button('Delete run', async () => {
      if (!confirm(`Delete ${run.name} with all its points? This cannot be undone.`)) return;
      await remove(run.id);
      state.runs = state.runs.filter(id => id !== run.id);
      writeLink();
      dispatchEvent(new Event('runs-changed'));
    }, 'danger'));
  }
}

const flatten = (value, path = '') => value !== null && typeof value === 'object'
  ? Object.entries(value).flatMap(([name, part]) => flatten(part, Array.isArray(value) ? `${path}[${name}]` : path ? `${path}.${name}` : name))
  : [[path, String(value)]];
