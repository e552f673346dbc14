import type { Places, Ports } from './plant.ts'
import type { SignIn } from './sign-in.ts'

/** What a person needs to go on, in one screen of 80 columns. */
export function summary(places: Places, ports: Ports, signIn: SignIn, startedInMs: number): string {
  const at = (port: number) => `http://127.0.0.1:${port}`
  return `
  Jidoka runs (${(startedInMs / 1000).toFixed(1)} s).

    Board of the plant      ${at(ports.edge)}
    Console of the cloud    ${at(ports.cloud)}
    Sign in to both as      ${signIn.login} / ${signIn.password}
    Data, logs, keys        ${places.data}

  Three things to try
    1. Watch the board, then wear a bearing on ${at(ports.simulator)} (the plant's
       page): within seconds the vibration alarm comes; acknowledge it.
    2. Cut the line to the cloud there. The board goes on and counts what waits;
       take the cut back and see the receipts arrive.
    3. In the console, open Rules, change a limit and deploy: the next verdict on
       the board is made with it.

  MQTT is at 127.0.0.1:${ports.mqtt}; devices and their topics are in docs/guides/devices.md.
  Ctrl-C stops everything in order; nothing is lost. \`npm start -- --reset\` clears.
`
}
