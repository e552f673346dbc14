import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

/** The headless shell is the same engine without the windows of a desktop around it, which take more than half of the processor's time. */
const places = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium']
export const chromiumPath = places.find((path) => existsSync(path))
/** Why the tests in a browser are skipped; undefined where they can run. */
export const noBrowser = chromiumPath === undefined ? `Chromium is not at ${places.join(' or ')}` : undefined

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath ?? '',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
