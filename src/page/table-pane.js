// The selected table at the shown instant.

import { copyText } from './copy.js';
import { h } from './dom.js';
import { duration, moment, number, time } from './format.js';
import { glyph, status } from './icons.js';
import { json } from './json.js';
import { tableStatus } from './portal.js';
import { tableRow } from './rows.js';
import { tableLabel } from './spans.js';
import { now, openItem, shownInstant, state } from './store.js';
import { causeOf } from './trouble-acts.js';
import { openTroubleForm } from './trouble-form.js';
import { TROUBLE_KINDS } from './trouble-kinds.js';

/** So many spans are listed: the newest ones and those ahead. */
const SPANS_MAX = 60;

/** Kinds of trouble that a table can have. */
const TROUBLE = Object.entries(TROUBLE_KINDS).filter(([, { target }]) => target === 'table');

export function tablePane() {
  const table = state.tables?.find((each) => each.key === state.grid.selected);
  if (!table) return h('p', { class: 'section dim' }, 'No table is selected.');
  const row = tableRow(table, shownInstant());
  return [
    h('div', { class: 'section' }, [
      h('h3', { class: 'table-name', dir: 'auto' }, tableLabel(table.schema, table.name)),
      row
        ? h('p', { class: 'table-status' }, status(row.shown), h('span', { class: 'mono dim' }, ` "status": "${row.status}"`))
        : h('p', { class: 'second' }, `The table does not exist at ${time(shownInstant())}.`),
    ]),
    row?.error &&
      h(
        'div',
        { key: 'error', class: 'section' },
        h('div', { class: 'rejection' }, h('b', null, row.error.errorCode), h('p', { dir: 'auto' }, row.error.message), causeOf(row.trouble)),
      ),
    row && h('div', { key: 'facts', class: 'section' }, facts(row)),
    h('div', { key: 'history', class: 'section' }, h('h3', null, 'History and projection'), history(table)),
    canHaveTrouble() &&
      h(
        'div',
        { key: 'trouble', class: 'section' },
        h('h3', null, 'Add trouble to this table'),
        h(
          'div',
          { class: 'row-of-buttons' },
          TROUBLE.map((kind) => troubleButton(kind, table)),
        ),
      ),
    row && h('div', { key: 'answer', class: 'section' }, answer(row)),
  ];
}

function facts(row) {
  const fact = (label, value) => [h('dt', null, label), h('dd', null, value)];
  const passed = Math.max(0, shownInstant() - row.since);
  return h('dl', { class: `facts ${state.axis.look !== null && shownInstant() > now() ? 'is-projected' : ''}` }, [
    fact('Rows replicated', row.rows === null ? '–' : number(row.rows)),
    fact('Bytes', row.bytes === null ? '–' : number(row.bytes)),
    fact('Last completed', row.last === null ? '–' : `${moment(row.last, now())} UTC`),
    fact('Latency', row.latency === null ? '–' : `${row.latency} s`),
    row.share !== null && fact('Copied', `${Math.floor(row.share * 100)} %`),
    fact('In this status', duration(passed)),
    row.until !== null && fact('Until', `${moment(row.until, now())} UTC`),
  ]);
}

function history({ spans }) {
  const first = Math.max(0, spans.length - SPANS_MAX);
  const shown = shownInstant();
  return [
    first > 0 && h('p', { class: 'dim' }, `${number(first)} older ones are not listed.`),
    h(
      'ol',
      { class: 'history', start: first + 1 },
      spans.slice(first).map((span) => historyEntry(span, shown)),
    ),
  ];
}

function historyEntry(span, shown) {
  const look = tableStatus(span.status, span.error);
  const isAhead = span.from > now();
  const isShown = span.from <= shown && (span.to === null || shown < span.to);
  return h('li', { key: span.from, class: isAhead ? 'is-projected' : null, 'aria-current': isShown ? 'true' : null }, [
    h('span', null, moment(span.from, now())),
    h('span', { class: `tone-${look.tone}` }, glyph(look.glyph)),
    h(
      'span',
      null,
      span.status,
      span.error && span.status !== 'Failed' && ' with an error',
      isAhead && h('span', { class: 'hidden-text' }, ', projected'),
    ),
    h('span', null, span.to === null ? '' : duration(span.to - span.from)),
  ]);
}

const canHaveTrouble = () => openItem()?.type === 'MirroredDatabase';

function troubleButton([kind, { short, title }], table) {
  const open = () => openTroubleForm('trouble', kind, { item: state.route.item, scope: 'table', table: table.key });
  return h('button', { type: 'button', class: 'button', title, on: { click: open } }, short);
}

/** The table as an element of the answer of getTablesMirroringStatus. */
function answer(row) {
  const { lastSync: _, ...metrics } = state.figures.byKey.get(row.key) ?? {};
  const element = {
    sourceObjectType: row.isView ? 'View' : 'Table',
    ...(row.schema != null && { sourceSchemaName: row.schema }),
    sourceTableName: row.name,
    status: row.status,
    ...(Object.keys(metrics).length > 0 && { metrics }),
    ...(row.error && { error: row.error }),
  };
  const copy = () => copyText(JSON.stringify(element, null, 2), 'The JSON is copied');
  return [
    h(
      'h3',
      null,
      'In getTablesMirroringStatus',
      h('button', { type: 'button', class: 'link', 'aria-label': 'Copy the JSON', on: { click: copy } }, 'Copy'),
    ),
    h('pre', { class: 'code', tabindex: 0, role: 'region', 'aria-label': 'The table in the answer' }, json(element)),
  ];
}
