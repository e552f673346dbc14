/**
 * `npm run newcomer -- --clone <folder>`: what somebody does who has just cloned this: `npm start`, then by browser the
 * three things to try. Every step is a check; the last line is `N passed, N failed`.
 * `--shots <folder>` keeps a picture of each step, `--cut-s <seconds>` says how long the line stays cut (60).
 */
import { existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { findChromium } from './browser.ts'
import { drive } from './drive.ts'
import { startPlant } from './plant-process.ts'
import { Steps } from './steps.ts'

const { values: options } = parseArgs({
  options: { clone: { type: 'string' }, shots: { type: 'string' }, 'cut-s': { type: 'string', default: '60' } },
})
const clone = resolve(options.clone ?? process.cwd())
if (!existsSync(join(clone, 'package.json'))) {
  console.error(`${clone} is not a checkout: say --clone <folder>`)
  process.exit(2)
}
const chromium = findChromium()
if (chromium === null) {
  console.error('Chromium is not installed: the newcomer has no browser')
  process.exit(2)
}
const shots = options.shots ?? mkdtempSync(join(tmpdir(), 'jidoka-newcomer-'))
mkdirSync(shots, { recursive: true })

const steps = new Steps()
const plant = await steps.run('npm start comes up in a fresh clone and says how to sign in', () => startPlant(clone))
if (plant) {
  try {
    await drive(steps, plant, { chromium, shots, cutS: Number(options['cut-s']) })
  } finally {
    await steps.run('Ctrl-C stops simulator, edge and cloud in order', () => plant.stop())
  }
  await steps.run('a second start needs no first-time work and loses nothing', async () => {
    const again = await startPlant(clone)
    console.log(`    up after ${again.startedInS.toFixed(1)} s`)
    await again.stop()
  })
}
console.log(`pictures in ${shots}`)
console.log(steps.summary())
process.exit(steps.failed === 0 ? 0 : 1)
