/** The pages of the panel: a list of requests, and each of them. */
import type { PoolStatus } from "../../engine/pool/pool.js";
import { type Html, html } from "./html.js";
import {
  type Finding,
  type FlushRecord,
  type OpenSession,
  type RequestRecord,
  type RequestStep,
  type StatementRecord,
  statementsOf,
  totalsOf,
} from "./records.js";
import { STYLE } from "./style.js";

/** What the list is made of. */
export interface Overview {
  readonly path: string;
  readonly records: readonly RequestRecord[];
  readonly pools: readonly { readonly engine: string; readonly status: PoolStatus }[];
  readonly sessions: readonly OpenSession[];
}

const ms = (duration: number | null): string =>
  duration === null ? "…" : `${duration.toFixed(duration < 10 ? 2 : 0)} ms`;
const time = (date: Date): string => date.toISOString().slice(11, 23);

function document(title: string, path: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · Athanor</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<header><a href="${path}"><strong>Athanor</strong></a> <span>what each request asks the database</span></header>
<main>${body}</main>
</body>
</html>`.text;
}

export function overviewPage({ path, records, pools, sessions }: Overview): string {
  return document(
    "Requests",
    path,
    html`<section class="figures">
      ${pools.map(({ engine, status }) => poolFigures(engine, status))}
      <dl><dt>sessions in a transaction</dt><dd class="${sessions.length > 0 ? "busy" : ""}">${sessions.length}</dd></dl>
    </section>
    ${sessions.length > 0 && html`<h2>Open sessions</h2><ul class="sessions">${sessions.map(openSession)}</ul>`}
    <h1>Requests</h1>
    <form method="post" action="${path}/clear"><a href="${path}">Read again</a> <button>Forget them</button></form>
    ${
      records.length === 0
        ? html`<p class="nothing">None yet. Requests that come after the panel was mounted are shown here.</p>`
        : html`<table>
      <thead><tr><th>Time</th><th>Request</th><th>Status</th><th class="n">Duration</th><th class="n">Statements</th><th class="n">Database</th><th class="n">Rows</th><th>Findings</th></tr></thead>
      <tbody>${records.map((record) => requestRow(path, record))}</tbody>
    </table>`
    }`,
  );
}

function poolFigures(engine: string, status: PoolStatus): Html {
  const { kind, size, idle, checkedOut, overflow, waiting } = status;
  const figures = { idle, "in use": checkedOut, overflow, waiting };
  return html`<dl><dt>${engine}: ${kind} of ${size}</dt>${Object.entries(figures).map(
    ([name, figure]) => html`<dd class="${name === "waiting" && figure > 0 ? "busy" : ""}">${figure} ${name}</dd>`,
  )}</dl>`;
}

function openSession({ since, request, stack }: OpenSession): Html {
  return html`<li>since ${time(since)}, ${request ?? "outside of a request"}${stackOf(stack)}</li>`;
}

function requestRow(path: string, record: RequestRecord): Html {
  const { id, method, url, startedAt, duration, sent, findings } = record;
  const totals = totalsOf(record);
  return html`<tr>
    <td>${time(startedAt)}</td>
    <td><a href="${path}/requests/${id}">${method} ${url}</a></td>
    <td>${statusOf(record)}</td>
    <td class="n">${ms(duration)}</td>
    <td class="n">${sent}</td>
    <td class="n">${ms(totals.duration)}</td>
    <td class="n">${totals.rows}</td>
    <td>${findings.map(({ kind }) => html`<span class="badge">${kind}</span> `)}${statementsOf(record).some(({ error }) => error !== null) && html`<span class="badge bad">error</span>`}</td>
  </tr>`;
}

function statusOf({ status, aborted }: RequestRecord): Html {
  if (aborted) return html`<span class="bad">client gone</span>`;
  return status === null ? html`…` : html`<span class="${status >= 400 ? "bad" : ""}">${status}</span>`;
}

export function requestPage(path: string, record: RequestRecord): string {
  const { method, url, startedAt, duration, sent, findings, flushes, steps } = record;
  const totals = totalsOf(record);
  return document(
    `${method} ${url}`,
    path,
    html`<h1>${method} ${url}</h1>
    <p class="summary">${time(startedAt)} · ${statusOf(record)} · ${ms(duration)}, of which ${ms(totals.duration)} were the database's · ${sent} ${sent === 1 ? "statement" : "statements"} · ${totals.rows} ${totals.rows === 1 ? "row" : "rows"}</p>
    ${findings.length > 0 && html`<h2>To be mended</h2>${findings.map(finding)}`}
    ${flushes.length > 0 && html`<h2>Flushes</h2>${flushes.map(flush)}`}
    <h2>Statements</h2>
    ${steps.length === 0 ? html`<p class="nothing">This request asked the database nothing.</p>` : html`<ol class="steps">${steps.map((step) => stepItem(step, record))}</ol>`}
    ${sent > statementsOf(record).length && html`<p class="nothing">and ${sent - statementsOf(record).length} more, which were not kept</p>`}`,
  );
}

function finding({ kind, message, place, cure }: Finding): Html {
  return html`<div class="finding">
    <p><span class="badge">${kind}</span> ${message}</p>
    ${place !== null && html`<p>at <code>${place}</code></p>`}
    <p>Write: <code>${cure}</code></p>
  </div>`;
}

function flush({ at, steps }: FlushRecord): Html {
  return html`<div class="flush"><p>after ${ms(at)}</p><ol>${steps.map(
    ({ action, subject, objects }) =>
      html`<li><strong>${action}</strong> ${subject} <span class="objects">${objects.join(", ")}</span></li>`,
  )}</ol></div>`;
}

function stepItem(step: RequestStep, record: RequestRecord): Html {
  return step.kind === "transaction"
    ? html`<li class="transaction"><span class="at">${ms(step.at)}</span> ${step.action}</li>`
    : html`<li>${statementItem(step, record)}</li>`;
}

function statementItem(statement: StatementRecord, record: RequestRecord): Html {
  const { at, text, parameters, sets, duration, rows, error, loads, stack } = statement;
  const whole = Math.max(record.duration ?? 0, at + (duration ?? 0), 0.01);
  // A drawing whose sizes are numbers of ours.
  const bar = html`<svg viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden="true"><rect x="${((at / whole) * 100).toFixed(2)}" width="${Math.max(((duration ?? 0) / whole) * 100, 0.4).toFixed(2)}" height="2"/></svg>`;
  return html`<p class="meta"><span class="at">${ms(at)}</span> took ${ms(duration)}${rows !== null && html`, ${rows} ${rows === 1 ? "row" : "rows"}`}${sets > 1 && html`, ${sets} sets of parameters`}${loads !== null && html`, loads ${loads}`}</p>
    ${bar}
    <pre>${text}</pre>
    ${parameters !== null && parameters !== "()" && html`<p class="parameters">${parameters}</p>`}
    ${error !== null && html`<p class="bad">${error}</p>`}
    ${stackOf(stack)}`;
}

/** The line of the application, and behind it those that called it. */
function stackOf(stack: readonly string[]): Html {
  const [place, ...callers] = stack;
  if (place === undefined || place === "") return html``;
  if (callers.length === 0) return html`<p class="place"><code>${place}</code></p>`;
  return html`<details class="place"><summary><code>${place}</code></summary><pre>${callers.join("\n")}</pre></details>`;
}

export function missingPage(path: string): string {
  return document(
    "Not here",
    path,
    html`<h1>Not here</h1><p>The panel keeps the newest requests only. <a href="${path}">To those.</a></p>`,
  );
}
