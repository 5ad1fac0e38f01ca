// Texts for people. Numbers that JSON cannot hold come as "NaN", "Infinity" and "-Infinity".

export const number = value => typeof value === 'string' ? Number(value) : value;

/** A number for a table: four digits that count. */
export function digits(value) {
  if (value === null || value === undefined) return '–';
  const n = number(value);
  if (!Number.isFinite(n)) return String(n);
  const size = Math.abs(n);
  if (size === 0) return '0';
  if (size >= 1e12 || size < 1e-3) return n.toExponential(2);
  if (size >= 1e9) return trim(n / 1e9) + 'G';
  if (size >= 1e6) return trim(n / 1e6) + 'M';
  if (size >= 1e4) return trim(n / 1e3) + 'k';
  return trim(n);
}

const trim = n => String(Number(n.toPrecision(4)));

/** A label of an axis. */
export function tick(n) {
  if (n === null) return '';
  const size = Math.abs(n);
  if (size !== 0 && size < 1e-3) return n.toExponential(1).replace('.0e', 'e');
  for (const [unit, name] of [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k']]) if (size >= unit) return Number((n / unit).toPrecision(4)) + name;
  return String(Number(n.toPrecision(4)));
}

/** Seconds as 1h05m. */
export function duration(seconds) {
  if (seconds < 60) return Number(seconds.toPrecision(3)) + 's';
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m` + (seconds % 60 >= 1 ? String(Math.floor(seconds % 60)).padStart(2, '0') + 's' : '');
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}

export const whole = value => value === null || value === undefined ? '–' : value.toLocaleString('en');

export const time = milliseconds => {
  const t = new Date(milliseconds), two = n => String(n).padStart(2, '0');
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
};

export const bytes = n => n === null || n === undefined ? '–' : n >= 1e9 ? (n / 1e9).toFixed(2) + ' GB' : n >= 1e6 ? (n / 1e6).toFixed(1) + ' MB' : n + ' B';
