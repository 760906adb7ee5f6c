'use strict';
(() => {
const byId = (id) => document.getElementById(id);

// Text of articles only ever becomes a text node.
function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === 'text') node.textContent = value;
    else if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children);
  return node;
}
function svg(name, attributes) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}

// ---- The daemon

let token = '';
try {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem('newsmill-token', given);
    history.replaceState(null, '', location.pathname);
  }
  token = sessionStorage.getItem('newsmill-token') || '';
} catch (ignored) { /* a browser without storage: the form is left */ }

async function ask(path, body) {
  const headers = {};
  if (token) headers.Authorization = 'Bearer ' + token;
  const method = body === undefined ? 'GET' : 'POST';
  const answer = await fetch(path, {method, headers, body, cache: 'no-store', signal: AbortSignal.timeout(8000)});
  const json = await answer.json();
  if (!answer.ok) {
    const error = new Error(json.error || (json.refused || []).join('; ') || 'status ' + answer.status);
    error.status = answer.status;
    throw error;
  }
  return json;
}
function needsToken() {
  byId('token-box').open = true;
  byId('token').focus();
}
// What went wrong with something that a person asked for.
function explainError(error) {
  if (error.status === 401) {
    needsToken();
    return 'This needs the token.';
  }
  return error.message;
}

// ---- Numbers

const whole = new Intl.NumberFormat('en');
const number = (n) => n === null || n === undefined ? '\u2013' : whole.format(Math.round(n));
const rate = (n) => n === null ? '\u2013' : n < 10 ? n.toFixed(1) : number(n);
function time(ms) {
  if (ms === null || ms === undefined) return '\u2013';
  if (ms < 10) return ms.toFixed(1) + ' ms';
  if (ms < 1000) return Math.round(ms) + ' ms';
  if (ms < 120000) return (ms / 1000).toFixed(1) + ' s';
  if (ms < 7200000) return Math.round(ms / 60000) + ' min';
  return Math.round(ms / 3600000) + ' h';
}
const percent = (part) => part === null ? '\u2013' : Math.round(part * 100) + ' %';
function duration(ms) {
  const s = Math.floor(ms / 1000);
  if (s >= 86400) return Math.floor(s / 86400) + ' d ' + Math.floor(s % 86400 / 3600) + ' h';
  if (s >= 3600) return Math.floor(s / 3600) + ' h ' + Math.floor(s % 3600 / 60) + ' min';
  return s >= 60 ? Math.floor(s / 60) + ' min ' + s % 60 + ' s' : s + ' s';
}

// ---- Charts

const SPAN_MS = 300000;
let samples = [];
// A daemon that has just begun has its first minute in the whole width.
function spanMs() {
  const age = samples.length ? samples[samples.length - 1].unix_ms - samples[0].unix_ms : 0;
  return Math.min(SPAN_MS, Math.max(60000, age));
}

class Chart {
  // `series`: [name, sample => value or null]; `show` writes a value; `top`: the least end of the scale.
  constructor(title, series, show, top) {
    Object.assign(this, {title, series, show, top});
    this.value = el('p', {class: 'value', text: '\u2013'});
    this.value.style.margin = '0';
    this.graph = svg('svg', {viewBox: '0 0 300 100', preserveAspectRatio: 'none', role: 'img'});
    for (const y of [0.5, 50, 99.5]) this.graph.append(svg('line', {class: 'grid', x1: 0, x2: 300, y1: y, y2: y}));
    this.curves = [];
    this.addCurves();
    this.most = el('span');
    this.since = el('span');
    this.legend = el('ul', {class: 'legend', 'aria-hidden': 'true'});
    this.node = el('figure', {class: 'chart'}, el('figcaption', {text: title}),
      this.value, this.graph, el('div', {class: 'scale', 'aria-hidden': 'true'}, this.since, this.most, el('span', {text: 'now'})),
      this.legend);
    this.graph.addEventListener('pointermove', (event) => this.point(event));
    this.graph.addEventListener('pointerleave', () => { this.at = null; this.draw(); });
    byId('charts').append(this.node);
  }
  addCurves() {
    while (this.curves.length < this.series.length) {
      const n = this.curves.length % 5 + 1;
      const curve = svg('path', {class: `curve s${n} d${n}`});
      this.curves.push(curve);
      this.graph.append(curve);
    }
  }
  point(event) {
    const box = this.graph.getBoundingClientRect();
    const wanted = this.end - spanMs() * (1 - (event.clientX - box.left) / box.width);
    let best = null;
    for (const sample of samples) {
      if (!best || Math.abs(sample.unix_ms - wanted) < Math.abs(best.unix_ms - wanted)) best = sample;
    }
    this.at = best;
    this.draw();
  }
  draw() {
    if (!samples.length) return;
    this.end = samples[samples.length - 1].unix_ms;
    const span = spanMs();
    let most = this.top;
    for (const sample of samples) for (const [, read] of this.series) most = Math.max(most, read(sample) || 0);
    this.series.forEach(([, read], i) => {
      let path = '';
      let pen = false;
      for (const sample of samples) {
        const value = read(sample);
        const x = 300 * (1 - (this.end - sample.unix_ms) / span);
        if (value === null || value === undefined || x < 0) { pen = false; continue; }
        const y = (99 - 98 * value / most).toFixed(1);
        // A lone value is a point: a stroke of no length would not be seen.
        path += pen ? `L${x.toFixed(1)} ${y}` : `M${(x - 0.6).toFixed(1)} ${y}L${x.toFixed(1)} ${y}`;
        pen = true;
      }
      this.curves[i].setAttribute('d', path);
    });
    const shown = this.at || samples[samples.length - 1];
    const texts = this.series.map(([name, read]) => [name, this.show(read(shown) ?? null)]);
    this.value.textContent = texts.map(([, text]) => text).slice(0, 2).join(' / ');
    this.most.textContent = (this.at ? new Date(shown.unix_ms).toLocaleTimeString() + ', ' : '') + 'top ' + this.show(most);
    this.since.textContent = span < 120000 ? Math.round(span / 1000) + ' s ago' : Math.round(span / 60000) + ' min ago';
    this.graph.setAttribute('aria-label', `${this.title}: ` + texts.map(([name, text]) => `${name} ${text}`).join(', '));
    if (this.series.length < 2) return;
    this.legend.replaceChildren(...texts.map(([name, text], i) => {
      const line = svg('svg', {viewBox: '0 0 32 10', 'aria-hidden': 'true'});
      line.append(svg('line', {x1: 0, x2: 32, y1: 5, y2: 5, class: `curve s${i % 5 + 1} d${i % 5 + 1}`}));
      return el('li', {}, line, el('span', {text: `${name} ${text}`}));
    }));
  }
}

class UtilizationChart extends Chart {
  constructor() {
    super('Utilization of the threads', [], percent, 1);
  }
  draw() {
    const last = samples[samples.length - 1];
    if (last) {
      this.series = Object.keys(last.utilization).map((group) => [group, (sample) => sample.utilization[group] ?? null]);
      this.addCurves();
    }
    super.draw();
    if (!last) return;
    const shown = this.at || last;
    const used = shown.utilization[shown.busiest_group];
    this.value.textContent = shown.busiest_group ? `${percent(used)} ${shown.busiest_group}` : '0 %';
  }
}

const latencyOf = (sample, part) => sample['latency_' + part + '_ms'] ?? sample['transit_' + part + '_ms'];
const charts = [
  new Chart('Articles per second', [['articles', (s) => s.articles_per_s]], rate, 1),
  new Chart('Lag in records', [['lag', (s) => s.lag_records]], number, 1),
  new Chart('Latency to the commit, p50 / p99', [['p50', (s) => latencyOf(s, 'p50')], ['p99', (s) => latencyOf(s, 'p99')]], time, 10),
  new UtilizationChart(),
];

function drawTotals(status) {
  const copies = ['exact', 'near', 'contained'].map((kind) => status.decisions[kind] || 0).reduce((a, b) => a + b, 0);
  const statements = Object.values(status.quotes).reduce((a, b) => a + b, 0);
  const now = status.now || {};
  const facts = [
    ['records', number(status.totals.articles_committed)], ['copies', number(copies)],
    ['statements', number(statements)], ['topics', number(status.totals.topics)],
    ['dead letters', number(status.totals.dead_letters)], ['transactions', number(status.totals.transactions)],
    ['aborted', number(status.totals.aborts)], ['behind', time(now.lag_ms)],
    ['memory', now.resident_bytes ? number(now.resident_bytes / 1048576) + ' MiB' : '\u2013'],
    ['CPU', now.cpu === undefined ? '\u2013' : now.cpu.toFixed(2) + ' cores'],
  ];
  byId('totals').replaceChildren(...facts.map(([name, value]) => el('div', {}, el('dt', {text: name}), el('dd', {text: value}))));
}

// ---- The flow

function drawFlow(stages, status) {
  const groups = [];
  for (const agent of stages.agents) {
    const last = groups[groups.length - 1];
    if (last && last.name === agent.group) { last.lanes += 1; last.used = Math.max(last.used, agent.utilization); }
    else groups.push({name: agent.group, lanes: 1, used: agent.utilization});
  }
  const busiest = (status.now || {}).busiest_group;
  const boxes = groups.map((group) => {
    const waiting = stages.queues.filter((queue) => queue.name === group.name).reduce((sum, queue) => sum + queue.batches, 0);
    const meter = el('div', {class: 'meter', role: 'meter', 'aria-label': group.name + ' busy', 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': Math.round(group.used * 100)}, el('i'));
    meter.style.setProperty('--part', group.used);
    const rows = stages.stages.filter((stage) => stage.group === group.name).map((stage) =>
      el('li', {}, el('span', {text: stage.name}), el('span', {text: percent(stage.utilization)})));
    const note = group.name === 'source' ? `${waiting} of ${stages.pool_batches} batches free` : `${waiting} ${waiting === 1 ? 'batch waits' : 'batches wait'}`;
    return el('li', {class: 'box' + (group.name === busiest && group.used > 0.02 ? ' busiest' : '')},
      el('strong', {}, el('span', {text: group.name + (group.lanes > 1 ? ` \u00d7${group.lanes}` : '')}), el('span', {text: percent(group.used)})),
      meter, el('span', {class: 'quiet', text: note}), el('ul', {}, ...rows));
  });
  byId('flow').replaceChildren(...boxes);
  const now = status.now || {};
  const used = busiest ? now.utilization[busiest] : 0;
  byId('bottleneck').textContent = !busiest || used < 0.02 ? 'All threads wait for articles.'
    : `Busiest: ${busiest}${now.busiest_stage ? ' (' + now.busiest_stage + ')' : ''}, ${percent(used)} of its time.` + (used > 0.9 ? ' It limits the rate.' : '');
}

// ---- An article with its marks. Offsets of a record are code points.

const FLAGS = ['said', 'cue', 'name', 'topic'];
function markedBody(record) {
  const body = Array.from((record.bodies && record.bodies[0] && record.bodies[0].value) || '');
  const quotes = (record.enrichment && record.enrichment.quotes) || [];
  const flags = new Uint8Array(body.length);
  const owner = new Int32Array(body.length).fill(-1);
  const span = (part, apply) => {
    if (!part) return;
    for (let i = Math.max(0, part.start); i < Math.min(body.length, part.end); ++i) apply(i);
  };
  quotes.forEach((quote, n) => {
    span(quote.selector, (i) => { owner[i] = n; });
    for (const part of quote.quoted || []) span(part, (i) => { flags[i] |= 1; });
    span(quote.cue, (i) => { flags[i] |= 2; });
    span(quote.speaker && quote.speaker.mention, (i) => { flags[i] |= 4; });
  });
  for (const topic of (record.enrichment && record.enrichment.topics) || []) {
    for (const match of topic.matches || []) if (match.selector && match.selector.field === 'bodies/0') span(match.selector, (i) => { flags[i] |= 8; });
  }
  const paragraphs = [];
  let paragraph = null;
  let from = 0;
  const close = (to) => {  // one run of like marks becomes one node
    if (to <= from || !paragraph) { from = to; return; }
    const text = document.createTextNode(body.slice(from, to).join(''));
    const names = FLAGS.filter((ignored, bit) => flags[from] & (1 << bit));
    const node = names.length ? el('span', {class: names.join(' ')}, text) : text;
    const n = owner[from];
    if (n < 0) paragraph.append(node);
    else {
      let mark = paragraph.lastChild;
      if (!mark || mark.nodeName !== 'MARK' || mark.statement !== n) {
        mark = el('mark', {class: String(quotes[n].type).replace(/[^a-z]/g, '')});
        mark.statement = n;
        paragraph.append(mark);
      }
      mark.append(node);
      const next = to < body.length && body[to] !== '\n' ? owner[to] : -1;
      if (next !== n) paragraph.append(el('span', {class: 'who', text: (quotes[n].speaker && quotes[n].speaker.name) || 'unknown'}));
    }
    from = to;
  };
  for (let i = 0; i < body.length; ++i) {
    if (body[i] === '\n') {
      close(i);
      from = i + 1;
      if (body[i + 1] === '\n') paragraph = null;
      continue;
    }
    if (!paragraph) {
      paragraph = el('p', {class: 'body', dir: 'auto'});
      paragraphs.push(paragraph);
      from = i;
    } else if (i > from && (flags[i] !== flags[from] || owner[i] !== owner[from])) {
      close(i);
    }
  }
  close(body.length);
  return paragraphs;
}
function statements(record) {
  const quotes = (record.enrichment && record.enrichment.quotes) || [];
  if (!quotes.length) return el('p', {class: 'quiet', text: 'No statements.'});
  const rows = quotes.map((quote) => el('tr', {},
    el('td', {text: ((quote.speaker && quote.speaker.name) || 'unknown') + (quote.speaker && quote.speaker.role ? ', ' + quote.speaker.role : '')}),
    el('td', {text: quote.type}), el('td', {text: quote.confidence + ' %'}), el('td', {dir: 'auto', text: quote.text || ''})));
  return el('div', {class: 'wide', tabindex: 0, role: 'region', 'aria-label': 'Statements'}, el('table', {}, el('caption', {text: 'Statements'}),
    el('thead', {}, el('tr', {}, ...['Speaker', 'Kind', 'Sure', 'Words'].map((name) => el('th', {scope: 'col', text: name})))), el('tbody', {}, ...rows)));
}
function showRecord(node, record, note) {
  if (!record) {
    node.replaceChildren(el('p', {class: 'quiet', text: 'The record is too large to be kept for this page.'}));
    return;
  }
  const dedup = (record.enrichment && record.enrichment.dedup) || {};
  const facts = [record.by, record.infoSources && record.infoSources[0] && record.infoSources[0].name, record.versionCreated,
    record.language, dedup.decision && dedup.decision !== 'unique' ? `${dedup.decision} copy, ${dedup.similarity} % alike` : dedup.decision, note].filter(Boolean);
  const topics = (record.subjects || []).map((subject) => el('li', {text: subject.name + (subject.confidence === undefined ? '' : ` ${subject.confidence} %`)}));
  const headline = (record.headlines && record.headlines[0] && record.headlines[0].value) || '(no headline)';
  node.replaceChildren(el('h3', {dir: 'auto', text: headline}), el('p', {class: 'quiet', text: facts.join(' \u00b7 ')}), el('p', {class: 'quiet', text: record.uri || ''}),
    ...(topics.length ? [el('ul', {class: 'chips', 'aria-label': 'Topics'}, ...topics)] : []), ...markedBody(record), statements(record));
  if (record.language) node.setAttribute('lang', record.language);
  node.scrollTop = 0;
}

// ---- Lists

const taps = {records: {after: 0, items: []}, copies: {after: 0, items: []}, dead_letters: {after: 0, items: []}};
const place = (input) => `${input.topic} ${input.partition}:${input.offset}`;
let selected = null;

function select(item) {
  selected = item;
  showRecord(byId('article'), item.record, place(item.input));
  for (const button of byId('list').querySelectorAll('button')) {
    button.setAttribute('aria-current', String(button.item === item));
  }
}
function drawRecords() {
  const list = byId('list');
  const focused = document.activeElement && document.activeElement.item;
  const items = taps.records.items.slice(-50).reverse();
  list.replaceChildren(...items.map((item) => {
    const record = item.record || {};
    const quotes = ((record.enrichment && record.enrichment.quotes) || []).length;
    const dedup = (record.enrichment && record.enrichment.dedup) || {};
    const button = el('button', {type: 'button', 'aria-current': String(item === selected), onclick: () => select(item)},
      el('span', {dir: 'auto', text: item.headline || '(no headline)'}),
      el('small', {text: [dedup.decision, record.language, quotes ? `${quotes} statement${quotes > 1 ? 's' : ''}` : '', (record.subjects || []).slice(0, 2).map((subject) => subject.name).join(', ')].filter(Boolean).join(' \u00b7 ')}));
    button.item = item;
    return el('li', {}, button);
  }));
  if (focused) for (const button of list.querySelectorAll('button')) if (button.item === focused) button.focus({preventScroll: true});
  if (!selected && items.length) select(items.find((item) => item.record && ((item.record.enrichment || {}).quotes || []).length > 1) || items[0]);
}
byId('list').addEventListener('keydown', (event) => {
  const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (!step) return;
  const buttons = [...byId('list').querySelectorAll('button')];
  const next = buttons[buttons.indexOf(document.activeElement) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
  select(next.item);
});

const openClusters = new Set();
function drawClusters() {
  const clusters = new Map();
  for (const item of taps.copies.items) {
    if (!clusters.has(item.cluster)) clusters.set(item.cluster, []);
    clusters.get(item.cluster).push(item);
  }
  if (!clusters.size) return;
  const newest = [...clusters].sort((a, b) => b[1][b[1].length - 1].number - a[1][a[1].length - 1].number).slice(0, 20);
  byId('clusters').replaceChildren(...newest.map(([id, items]) => {
    const last = items[items.length - 1];
    const rows = items.slice().reverse().map((item) => el('li', {},
      el('span', {dir: 'auto', text: item.headline || item.uri}), ' ',
      el('span', {class: 'quiet', text: `${item.decision}` + (item.similarity ? `, ${item.similarity} % alike` : '') + (item.source ? ` \u00b7 ${item.source}` : '') + ` \u00b7 ${place(item.input)}`})));
    const box = el('details', {class: 'card', open: openClusters.has(id)},
      el('summary', {}, el('span', {dir: 'auto', text: last.headline || last.uri}), ` (${items.length} ${items.length === 1 ? 'copy' : 'copies'})`),
      el('p', {class: 'quiet', text: last.of ? 'of ' + last.of : 'cluster ' + id}), el('ul', {}, ...rows));
    box.addEventListener('toggle', () => { if (box.open) openClusters.add(id); else openClusters.delete(id); });
    return box;
  }));
}

async function replay(item, button) {
  button.disabled = true;
  const {topic, partition, offset} = item.input;
  try {
    const answer = await ask('/v1/dlq/replay', JSON.stringify({topic, partition, offset}));
    button.textContent = 'Replayed';
    item.replayed = true;
    byId('dead-said').textContent = answer.message || `${place(item.input)} was sent to the input again.`;
  } catch (error) {
    button.disabled = false;
    byId('dead-said').textContent = `${place(item.input)}: ${explainError(error)}`;
  }
}
function drawDead() {
  const items = taps.dead_letters.items.slice(-30).reverse();
  if (!items.length) return;
  byId('dead').replaceChildren(...items.map((item) => {
    const button = el('button', {type: 'button', text: item.replayed ? 'Replayed' : 'Replay', disabled: item.replayed, 'aria-label': `Replay ${place(item.input)}`});
    button.addEventListener('click', () => replay(item, button));
    const payload = el('details', {open: item.open}, el('summary', {text: `Beginning of ${number(item.input.bytes)} bytes`}), el('pre', {dir: 'auto', text: item.payload}));
    payload.addEventListener('toggle', () => { item.open = payload.open; });
    return el('div', {class: 'card'}, el('p', {class: 'row'}, el('span', {class: 'code', text: item.code}), el('span', {text: `in ${item.stage}`}), el('span', {class: 'quiet', text: place(item.input)})),
      el('p', {text: item.message}), ...(item.payload ? [payload] : []), button);
  }));
}

async function readTap(kind, draw) {
  const tap = taps[kind];
  const answer = await ask(`/v1/tap?kind=${kind}&after=${tap.after}&max=100`);
  if (answer.next < tap.after) tap.items = [];  // the daemon was started again
  tap.after = answer.next;
  if (kind === 'records') byId('records-note').textContent = answer.skipped ? `A sample: ${number(answer.skipped)} more were published.` : '';
  if (!answer.items.length) return;
  tap.items = tap.items.concat(answer.items).slice(-200);
  draw();
}

// ---- The round

let state = '';
function drawState(status) {
  if (status.state !== state) {
    state = status.state;
    byId('state').textContent = state;
    byId('state').className = 'pill ' + state;
    byId('pause').textContent = state === 'paused' ? 'Resume' : 'Pause';
    byId('pause').disabled = state !== 'running' && state !== 'paused';
  }
  byId('who').textContent = [status.instance, status.group && 'group ' + status.group, 'up ' + duration(status.uptime_ms)].filter(Boolean).join(' \u00b7 ');
  byId('version').textContent = 'newsmill ' + status.build;
  document.title = `newsmill: ${state}` + (status.now ? `, ${rate(status.now.articles_per_s)}/s` : '');
}
function trouble(text) {
  byId('trouble').hidden = !text;
  if (byId('trouble').textContent !== text) byId('trouble').textContent = text;
}
async function round() {
  const [status, stages] = await Promise.all([ask('/v1/status?history=' + (samples.length ? 10 : 300)), ask('/v1/stages')]);
  const last = samples.length ? samples[samples.length - 1].unix_ms : 0;
  samples = samples.concat(status.history.filter((sample) => sample.unix_ms > last)).filter((sample) => sample.unix_ms > status.unix_ms - SPAN_MS - 2000);
  drawState(status);
  drawTotals(status);
  drawFlow(stages, status);
  for (const chart of charts) chart.draw();
  if (status.failure) trouble(status.failure); else trouble('');
  try {
    await Promise.all([byId('hold').checked ? null : readTap('records', drawRecords), readTap('copies', drawClusters), readTap('dead_letters', drawDead)]);
  } catch (error) {
    if (error.status !== 501) throw error;
    byId('records-note').textContent = 'Records are not kept: admin.tap is off.';
  }
}
async function loop() {
  for (;;) {
    if (!document.hidden) {
      try {
        await round();
      } catch (error) {
        if (error.status === 401) trouble('This daemon shows its numbers only to who has the token.');
        else trouble('The daemon does not answer; trying again. ' + (error.status ? error.message : ''));
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

byId('pause').addEventListener('click', async () => {
  const wanted = state === 'paused' ? 'resume' : 'pause';
  try {
    await ask('/v1/' + wanted, '{}');
    trouble('');
    await round();
  } catch (error) {
    trouble(explainError(error));
  }
});
byId('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  token = byId('token').value.trim();
  try { sessionStorage.setItem('newsmill-token', token); } catch (ignored) { /* for this page alone */ }
  byId('token').value = '';
  byId('token-box').open = false;
  trouble('');
});
byId('try-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const node = byId('tried');
  byId('try-said').textContent = '';
  try {
    const answer = await ask('/v1/explain', byId('try').value);
    node.hidden = false;
    if (answer.record) showRecord(node, answer.record, '');
    else node.replaceChildren(el('p', {}, el('span', {class: 'code', text: answer.dead_letter.code}), ` in ${answer.dead_letter.stage}: ${answer.dead_letter.message}`));
    const total = Object.values(answer.stages).reduce((sum, us) => sum + us, 0);
    byId('try-said').textContent = `All stages together: ${total < 1000 ? total + ' \u00b5s' : (total / 1000).toFixed(1) + ' ms'}.`;
  } catch (error) {
    byId('try-said').textContent = explainError(error);
  }
});
loop();
})();
