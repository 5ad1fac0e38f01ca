import { get, describe } from './api.js';
import { make } from './dom.js';
import { state, colour } from './state.js';
import { whole } from './format.js';

// Rows of a question, and the characters from which on a text is folded to its beginning.
const PageRows = 200, FoldedFrom = 1500, Beginning = 300;

/** What models wrote behind their prompts: the steps from the latest on, the chosen runs beside each other. */
export class Samples {
  pages = 1;
  prompts = [];
  names = new Map();
  unfolded = new Set();

  constructor(view) {
    this.select = make('select', {});
    this.select.addEventListener('change', () => {
      this.pages = 1;
      this.refresh();
    });
    this.list = make('div', {});
    this.more = make('button', { type: 'button', hidden: true }, 'Earlier steps');
    this.more.addEventListener('click', () => {
      this.pages++;
      this.refresh();
    });
    this.choice = make('p', { hidden: true }, make('label', {}, 'prompt ', this.select));
    view.replaceChildren(this.choice, this.list, this.more);
  }

  async refresh() {
    const runs = state.runs, prompt = this.select.value;
    const found = await Promise.all(runs.map(run => this.read(run, prompt)));
    for (const run of runs) if (!this.names.has(run)) this.names.set(run, (await describe(run)).run.name);
    if (this.isClosed || runs !== state.runs || prompt !== this.select.value) return;
    this.offer(found.flatMap(one => one.samples.map(sample => sample.data.prompt)));
    this.more.hidden = !found.some(one => one.isMore);
    // What stands there may be selected by its reader: it is made anew only where it has changed.
    const shape = JSON.stringify([runs, found, document.documentElement.dataset.theme]);
    if (shape === this.shape) return;
    this.shape = shape;
    const steps = [...new Set(found.flatMap(one => one.samples.map(sample => sample.step)))].sort((a, b) => b - a);
    this.list.replaceChildren(...steps.map(step => this.card(step, runs, found)));
    if (!steps.length) this.list.replaceChildren(make('p', { className: 'empty' }, runs.length ? 'No samples yet.' : 'Choose a run on the left.'));
  }

  close() {
    this.isClosed = true;
  }

  /** The newest pages of a run's samples, whole steps each. */
  async read(run, prompt) {
    const samples = [];
    let isMore = true;
    for (let page = 0; page < this.pages && isMore; page++) {
      let next = await get('/api/samples', { run, prompt, before: samples.at(-1)?.step, max: PageRows });
      isMore = next.length === PageRows;
      // The last step may go on behind the page.
      if (isMore && next[0].step !== next.at(-1).step) next = next.filter(sample => sample.step !== next.at(-1).step);
      samples.push(...next);
    }
    return { samples, isMore };
  }

  offer(prompts) {
    const all = [...new Set([...this.prompts, ...prompts])];
    if (all.length === this.prompts.length) return;
    this.prompts = all;
    const chosen = this.select.value;
    this.select.replaceChildren(make('option', { value: '' }, 'all'), ...all.filter(prompt => prompt).map(prompt => make('option', { value: prompt, selected: prompt === chosen }, prompt.length > 60 ? prompt.slice(0, 60) + '…' : prompt)));
    this.choice.hidden = all.length < 2;
  }

  card(step, runs, found) {
    const columns = runs.map((run, i) => [run, found[i].samples.filter(sample => sample.step === step)]).filter(([, samples]) => samples.length);
    return make('div', { className: 'card wide' }, make('h3', {}, `step ${whole(step)}`), make('div', { className: 'beside' }, ...columns.map(([run, samples]) => {
      const column = make('div', {}, ...samples.map(sample => this.text(run, sample)));
      if (runs.length > 1) {
        const name = make('p', { className: 'name' }, this.names.get(run));
        name.style.color = colour(run);
        column.prepend(name);
      }
      return column;
    })));
  }

  text(run, { step, data }) {
    const whole = [make('span', { className: 'prompt' }, data.prompt), data.text], length = data.prompt.length + data.text.length;
    if (length <= FoldedFrom) return make('p', { className: 'sample' }, ...whole);
    const id = JSON.stringify([run, step, data.prompt]);
    const folded = make('details', { open: this.unfolded.has(id) }, make('summary', {}, `${(data.prompt + data.text).slice(0, Beginning)}… (${length} characters)`), make('p', { className: 'sample' }, ...whole));
    folded.addEventListener('toggle', () => this.unfolded[folded.open ? 'add' : 'delete'](id));
    return folded;
  }
}
