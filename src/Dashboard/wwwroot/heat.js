import { make } from './dom.js';
import { digits, number, whole } from './format.js';

// Viridis in nine stops: even in lightness, and readable without colour vision.
const stops = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37]];

function shade(part) {
  const at = Math.min(0.9999, Math.max(0, part)) * (stops.length - 1), low = Math.floor(at);
  return stops[low].map((c, i) => Math.round(c + (stops[low + 1][i] - c) * (at - low)));
}

/** A card with a matrix: layers upwards, steps to the right. Arrow keys move through it as the pointer does; a drag zooms. */
export function heatMap(title, matrix, onZoom, onReset) {
  const rows = matrix.values.length, count = matrix.steps.length;
  const values = matrix.values.map(row => row.map(value => value === null ? null : number(value)));
  const finite = values.flat().filter(value => value !== null && Number.isFinite(value));
  const low = finite.reduce((a, b) => Math.min(a, b), Infinity), high = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  const canvas = make('canvas', { className: 'heat', tabIndex: 0, width: 1000, height: 260 });
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', `${title}: ${rows} layers, ${count} columns of steps, from ${digits(low)} to ${digits(high)}. Arrow keys read single values.`);
  canvas.dataset.key = matrix.key;
  const at = make('span', { className: 'at' });
  at.setAttribute('aria-live', 'polite');
  const legend = make('canvas', { width: 140, height: 8 });
  const card = make('div', { className: 'card heat-card' }, make('h3', {}, title),
    canvas, make('div', { className: 'scale' }, make('span', {}, `layer 0 at the bottom, ${count > 1 ? `steps ${whole(matrix.steps[0])} to ${whole(matrix.steps.at(-1))}` : `step ${whole(matrix.steps[0])}`}`), digits(low), legend, digits(high), at));
  let chosen = null, begun = null;

  function draw() {
    const image = new ImageData(count, rows);
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < count; column++) {
        const value = values[row][column], place = ((rows - 1 - row) * count + column) * 4;
        if (value === null || !Number.isFinite(value)) continue;
        image.data.set([...shade(high > low ? (value - low) / (high - low) : 0.5), 255], place);
      }
    }
    const small = new OffscreenCanvas(count, rows);
    small.getContext('2d').putImageData(image, 0, 0);
    const context = canvas.getContext('2d');
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingEnabled = false;
    context.drawImage(small, 0, 0, canvas.width, canvas.height);
    if (!chosen) return;
    const [w, h] = [canvas.width / count, canvas.height / rows];
    if (begun !== null) {
      context.fillStyle = 'rgb(255 255 255 / 35%)';
      context.fillRect(Math.min(begun, chosen.column) * w, 0, (Math.abs(chosen.column - begun) + 1) * w, canvas.height);
    }
    context.lineWidth = 2;
    context.strokeStyle = '#fff';
    context.strokeRect(chosen.column * w, (rows - 1 - chosen.row) * h, Math.max(3, w), h);
  }

  function choose(row, column) {
    chosen = { row: Math.min(rows - 1, Math.max(0, row)), column: Math.min(count - 1, Math.max(0, column)) };
    at.textContent = `layer ${matrix.layers[chosen.row]} · step ${whole(matrix.steps[chosen.column])} · ${digits(values[chosen.row][chosen.column])}`;
    draw();
  }

  function choosePointed(e) {
    const box = canvas.getBoundingClientRect();
    choose(rows - 1 - Math.floor((e.clientY - box.top) / box.height * rows), Math.floor((e.clientX - box.left) / box.width * count));
  }

  canvas.addEventListener('pointermove', choosePointed);
  canvas.addEventListener('pointerdown', e => {
    choosePointed(e);
    begun = chosen.column;
    canvas.classList.add('dragged');
    canvas.setPointerCapture(e.pointerId);
  });
  canvas.addEventListener('pointerup', e => {
    choosePointed(e);
    const [low, high] = [begun, chosen.column].sort((a, b) => a - b).map(column => matrix.x[column]);
    endDrag();
    if (low !== null && low < high) onZoom([low, high]);
  });
  canvas.addEventListener('pointercancel', endDrag);
  canvas.addEventListener('dblclick', onReset);
  function endDrag() {
    begun = null;
    canvas.classList.remove('dragged');
    draw();
  }

  canvas.addEventListener('keydown', e => {
    const move = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key];
    if (!move) return;
    e.preventDefault();
    choose((chosen?.row ?? 0) + move[0], (chosen?.column ?? 0) + move[1]);
  });
  const context = legend.getContext('2d');
  for (let x = 0; x < 140; x++) {
    context.fillStyle = `rgb(${shade(x / 139).join()})`;
    context.fillRect(x, 0, 1, 8);
  }
  if (count) draw();
  return card;
}
