// Lets the page of the API be tried: with the session of the console, or one of its own. The token stays in this page's memory.

let token = null
const who = document.querySelector('#who')

async function keep(response) {
  const answer = await response.json().catch(() => ({}))
  if (!response.ok) {
    who.textContent = answer.detail ?? `The cloud answered ${response.status}.`
    return
  }
  token = answer.data.access_token
  who.textContent = 'Signed in on this page for a quarter of an hour.'
}

async function told(work) {
  try {
    await work()
  } catch {
    who.textContent = 'The cloud does not answer. Look whether it runs.'
  }
}

document.querySelector('#session').addEventListener('submit', (event) => {
  event.preventDefault()
  const { login, password } = Object.fromEntries(new FormData(event.target))
  void told(async () =>
    keep(
      await fetch('/api/v1/auth/login', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ login, password }),
      }),
    ),
  )
})
document.querySelector('#resume').addEventListener('click', () => {
  void told(async () => keep(await fetch('/api/v1/auth/refresh', { method: 'POST' })))
})

function requestOf(form) {
  const query = new URLSearchParams()
  const headers = {}
  let path = form.dataset.path
  for (const input of form.querySelectorAll('input')) {
    if (input.dataset.in === 'path') path = path.replace(`{${input.name}}`, encodeURIComponent(input.value))
    else if (input.value === '') continue
    else if (input.dataset.in === 'header') headers[input.name] = input.value
    else query.set(input.name, input.value)
  }
  const body = form.elements.namedItem('body')?.value
  return {
    url: query.size === 0 ? path : `${path}?${query}`,
    options: {
      method: form.dataset.method,
      headers: {
        ...headers,
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    },
  }
}

async function send(form) {
  const output = form.querySelector('output')
  output.textContent = 'Sent.'
  const { url, options } = requestOf(form)
  const startMs = performance.now()
  const response = await fetch(url, options)
  const isText = /json|text/.test(response.headers.get('content-type') ?? '')
  // A stream of events never ends: its head is the answer.
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false
  let text = isStream ? '(events follow)' : isText ? await response.text() : `(${(await response.blob()).size} bytes)`
  try {
    text = JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    // It is shown as it is.
  }
  const shown = document.createElement('pre')
  shown.textContent = `${response.status} ${response.statusText}  ${Math.round(performance.now() - startMs)} ms\n${text}`
  output.replaceChildren(shown)
}

for (const form of document.querySelectorAll('form.try')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    send(form).catch(
      () => (form.querySelector('output').textContent = 'The cloud does not answer. Look whether it runs.'),
    )
  })
}
