// Talks to the server. The token comes once with the link, in the part after # that no server sees, and stays in this tab.

const start = new URLSearchParams(location.hash.slice(1));
if (start.has('token')) {
  sessionStorage.setItem('token', start.get('token'));
  start.delete('token');
  history.replaceState(null, '', '#' + start);
}

const headers = () => sessionStorage.getItem('token') ? { Authorization: 'Bearer ' + sessionStorage.getItem('token') } : {};

async function send(path, options = {}) {
  const response = await fetch(path, { ...options, headers: headers() });
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  throw new Error(body?.error ?? `${response.status} ${response.statusText}`);
}

/** Asks; parameters may be lists. */
export async function get(path, parameters = {}, options = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) for (const one of [value].flat()) if (one !== null && one !== undefined) query.append(name, one);
  return (await send(`${path}?${query}`, options)).json();
}

// As a parameter: a browser takes . and .. out of a path.
export const describe = id => get('/api/run', { run: id });

export const remove = id => send('/api/run?' + new URLSearchParams({ run: id }), { method: 'DELETE' });

/** Saves an export as a file: a plain link could not show the token. */
export async function download(run, format) {
  const query = new URLSearchParams({ run: run.id, format });
  const url = URL.createObjectURL(await (await send('/api/export?' + query)).blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = run.name.replace(/[^\w.-]+/g, '_') + '.' + format;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

/** Tells of runs that changed, for ever; EventSource could not show the token. */
export async function listen(onRuns, onState) {
  for (;;) {
    try {
      const reader = (await send('/api/live')).body.pipeThrough(new TextDecoderStream()).getReader();
      onState(true);
      let text = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const lines = (text + value).split('\n');
        text = lines.pop();
        for (const line of lines) if (line.startsWith('data: ')) onRuns(JSON.parse(line.slice(6)).runs);
      }
    } catch { /* shown as not live below; tried again */ }
    onState(false);
    await new Promise(wait => setTimeout(wait, 2000));
  }
}
