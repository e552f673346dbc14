import { messages } from './messages.js'

/** Once a second: people look at a countdown, and the simulator is on the same machine. */
const pollMs = 1_000

const asked = new URLSearchParams(location.search).get('lang')
const language = asked === 'ko' || asked === 'en' ? asked : navigator.language.startsWith('ko') ? 'ko' : 'en'
const text = messages[language]
const number = new Intl.NumberFormat(language)
/** The plant's own time, whatever the viewer's zone is. */
const time = new Intl.DateTimeFormat(language, {
  month: 'numeric',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
  timeZone: 'Asia/Seoul',
})
const byId = (id) => document.getElementById(id)

let kinds = []
/** Who is named in the lists now, so that an open list is rebuilt only when it changed. */
let runningShown = ''

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value)
    else made.setAttribute(key, value)
  }
  made.append(...children)
  return made
}

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    signal: AbortSignal.timeout(5_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  if (response.status === 204) return null
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.detail)
  return answer.data ?? answer
}

/** Runs what a person asked for, shows why it was refused, and brings the page up to date at once. */
async function act(run) {
  const refused = byId('refused')
  try {
    await run()
    refused.hidden = true
  } catch (error) {
    refused.textContent = error.message
    refused.hidden = false
  }
  await refresh()
}

function figure(name, value, abnormal = false) {
  return element('div', abnormal ? { class: 'abnormal' } : {}, element('dt', {}, name), element('dd', {}, value))
}

function showFigures(state) {
  const waiting = state.readings_published_total - state.readings_acknowledged_total
  byId('figures').replaceChildren(
    figure(text.plantTime, time.format(new Date(state.plant_time))),
    figure(text.mes, text[state.mes], state.mes !== 'up'),
    figure(text.line, text[state.line_to_cloud], state.line_to_cloud === 'cut'),
    figure(
      text.acknowledged,
      number.format(state.readings_acknowledged_total) +
        (waiting > 0 ? ` (${text.waiting} ${number.format(waiting)})` : ''),
    ),
    figure(text.seed, String(state.seed)),
  )
}

function showPace(state) {
  const form = byId('pace')
  if (form.contains(document.activeElement)) return
  form.elements.speed.value = state.speed
  form.elements.readings_per_s.value = state.readings_per_s
}

function remaining(fault) {
  if (fault.until === null) return text.untilTakenBack
  const seconds = Math.max(0, Math.round((Date.parse(fault.until) - Date.now()) / 1_000))
  return text.remaining(text.minutes(Math.floor(seconds / 60), seconds % 60))
}

function showRunning({ faults, targets }) {
  const shown = faults.map((fault) => fault.id).join()
  if (shown !== runningShown) {
    runningShown = shown
    byId('running').replaceChildren(
      ...faults.map((fault) =>
        element(
          'li',
          {},
          element('strong', {}, kinds.find((each) => each.kind === fault.kind)?.name[language] ?? fault.kind),
          // Where there is only one target, its name says nothing.
          element('span', { class: 'target' }, targets[fault.kind]?.length > 1 ? fault.target : ''),
          element('span', { class: 'left', id: `left-${fault.id}` }),
          element(
            'button',
            { type: 'button', onclick: () => act(() => call('DELETE', `/api/v1/faults/${fault.id}`)) },
            text.takeBack,
          ),
        ),
      ),
    )
  }
  for (const fault of faults) byId(`left-${fault.id}`).textContent = remaining(fault)
  byId('calm').hidden = faults.length > 0
  byId('clear').hidden = faults.length < 2
}

function select(name, label, options) {
  const list = element('select', { name }, ...options.map(([value, shown]) => element('option', { value }, shown)))
  return element('label', {}, element('span', {}, label), list)
}

function kindForm(kind, targets) {
  const usable = targets.length > 0
  const fields = []
  if (targets.length > 1)
    fields.push(
      select(
        'target',
        text.target,
        targets.map((target) => [target, target]),
      ),
    )
  if (kind.has_severity) fields.push(select('severity', text.severity, Object.entries(text.severities)))
  fields.push(select('duration_s', text.duration, Object.entries(text.durations)))
  const start = element('button', { type: 'submit', ...(usable ? {} : { disabled: '' }) }, text.begin)
  const form = element('form', { 'data-kind': kind.kind }, ...fields, start)
  if (form.elements.severity) form.elements.severity.value = '0.7'
  form.elements.duration_s.value = '60'
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const chosen = Object.fromEntries(new FormData(form))
    const body = {
      kind: kind.kind,
      ...(chosen.target ? { target: chosen.target } : {}),
      ...(chosen.severity ? { severity: Number(chosen.severity) } : {}),
      ...(chosen.duration_s ? { duration_s: Number(chosen.duration_s) } : {}),
    }
    void act(() => call('POST', '/api/v1/faults', body))
  })
  const effect = element('p', {}, usable ? kind.effect[language] : text.unavailable)
  return element('li', {}, element('h3', {}, kind.name[language]), effect, form)
}

async function refresh() {
  try {
    const state = await call('GET', '/api/v1/plant')
    if (kinds.length === 0) {
      kinds = await call('GET', '/kinds.json')
      byId('kinds').replaceChildren(...kinds.map((kind) => kindForm(kind, state.targets[kind.kind] ?? [])))
    }
    byId('lost').hidden = true
    showFigures(state)
    showPace(state)
    showRunning(state)
  } catch {
    // The one thing that can be wrong here is that the simulator is gone; the page says so and tries again.
    byId('lost').hidden = false
  }
}

async function follow() {
  await refresh()
  setTimeout(follow, pollMs)
}

document.documentElement.lang = language
document.title = `${text.title} - Jidoka`
for (const node of document.querySelectorAll('[data-text]')) node.textContent = text[node.dataset.text]
byId('language').textContent = text.otherLanguage
byId('language').addEventListener('click', () => (location.search = `?lang=${language === 'ko' ? 'en' : 'ko'}`))
byId('clear').addEventListener('click', () => void act(() => call('DELETE', '/api/v1/faults')))
byId('pace').addEventListener('submit', (event) => {
  event.preventDefault()
  const { speed, readings_per_s } = Object.fromEntries(new FormData(event.target))
  document.activeElement?.blur()
  void act(() => call('PUT', '/api/v1/plant/speed', { speed: Number(speed), readings_per_s: Number(readings_per_s) }))
})
void follow()
