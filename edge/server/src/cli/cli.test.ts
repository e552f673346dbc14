import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { DeviceDirectory, readDevices } from '../broker/devices.ts'
import { readCliAccess, writeCliAccess } from './access.ts'
import { runCli } from './run.ts'
import { horizonText } from './status.ts'

const folders: string[] = []
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'jidoka-cli-'))
  folders.push(made)
  return made
}
afterEach(() => {
  for (const each of folders.splice(0)) rmSync(each, { recursive: true })
})

async function run(...argv: string[]) {
  let [out, err] = ['', '']
  const code = await runCli(argv, {
    out: (text) => (out += `${text}\n`),
    err: (text) => (err += `${text}\n`),
    environment: {},
    signal: new AbortController().signal,
  })
  return { code, out, err }
}

const rule = (script: string) => ({
  id: 'defects',
  version: 3,
  name: { ko: '불량', en: 'Defects' },
  trigger: { on: 'reading', sensor: 'temperature' },
  inputs: [{ name: 'value', from: 'trigger', kind: 'number' }],
  script,
  examples: [{ input: { value: 95 }, status: 'HIGH' }],
})

describe('the command line', () => {
  test('says what it can do, and 2 when it is called wrongly', async () => {
    expect(await run()).toMatchObject({ code: 0, out: expect.stringContaining('jidoka rules test') as string })
    expect(await run('--help')).toMatchObject({ code: 0 })
    expect(await run('export', '--help')).toMatchObject({ code: 0, out: expect.stringContaining('--format') as string })
    expect(await run('bogus')).toMatchObject({ code: 2, err: expect.stringContaining('no command "bogus"') as string })
    expect(await run('status', '--bogus')).toMatchObject({ code: 2 })
    expect(await run('export', '--tag', 'LINE-A/x')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--from') as string,
    })
  })

  test('a group of commands has a help of its own', async () => {
    const answer = await run('device', '--help')
    expect(answer).toMatchObject({ code: 0, err: '' })
    for (const name of ['device add', 'device list', 'device remove']) expect(answer.out).toContain(`jidoka ${name} `)
    expect(answer.out).not.toContain('jidoka tail')
    expect(await run('rules', '--help')).toMatchObject({
      code: 0,
      out: expect.stringContaining('jidoka rules test FILE') as string,
    })
    expect(await run('device', 'bogus')).toMatchObject({
      code: 2,
      err: expect.stringContaining('no command "device bogus"') as string,
    })
  })

  test('status says how long the disk lasts, also where it has no end and where it is not known', () => {
    expect([null, 0.4, 12.9, 36_500].map(horizonText)).toEqual([
      ', how long it lasts is not known yet',
      ', lasts less than a day',
      ', lasts 12 days',
      ', lasts more than ten years',
    ])
  })

  test('speaks to no appliance of another folder, which a copy of its data folder names', async () => {
    const [original, copy] = [folder(), folder()]
    writeCliAccess(original, { url: 'http://127.0.0.1:9', token: 'the-token' })
    cpSync(original, copy, { recursive: true })
    for (const command of [['sync', 'status'], ['epoch', 'new', '--yes'], ['status']])
      expect(await run(...command, '--data', copy)).toMatchObject({
        code: 1,
        err: expect.stringContaining('is a copy: the appliance at http://127.0.0.1:9 runs on another') as string,
      })
    const moved = `${original}-moved`
    folders.splice(folders.indexOf(original), 1, moved)
    renameSync(original, moved)
    expect(readCliAccess(moved).token).toBe('the-token')
  })

  test('a courier file that is there already is not written over unless it is forced', async () => {
    const at = folder()
    writeCliAccess(at, { url: 'http://127.0.0.1:9', token: 'the-token' })
    const file = join(at, 'a.courier')
    writeFileSync(file, 'not carried yet')
    const args = ['courier', 'export', '--to', file, '--data', at]
    expect(await run(...args)).toMatchObject({ code: 1, err: expect.stringContaining('say --force') as string })
    expect(await run(...args, '--force')).toMatchObject({
      code: 1,
      err: expect.not.stringContaining('--force') as string,
    })
    expect(readFileSync(file, 'utf8')).toBe('not carried yet')
  })

  test('says that no appliance runs on a folder', async () => {
    const result = await run('status', '--data', folder())
    expect(result).toMatchObject({ code: 1, err: expect.stringContaining('No appliance runs') as string })
  })

  test('rules test passes good rules, and names example, line and column of bad ones', async () => {
    const file = join(folder(), 'rules.json')
    const good = 'if input.value > 90.0 { verdict("HIGH", 0.9) } else { verdict("NORMAL", 0.8) }'
    writeFileSync(file, JSON.stringify([rule(good)]))
    expect(await run('rules', 'test', file)).toMatchObject({ code: 0, out: 'ok   defects version 3 (1 examples)\n' })
    writeFileSync(file, JSON.stringify({ ...rule(good.replace('>', '<')) }))
    expect(await run('rules', 'test', file)).toMatchObject({
      code: 3,
      out: expect.stringContaining('example 1: expected HIGH, got NORMAL') as string,
    })
    writeFileSync(
      file,
      JSON.stringify([{ kind: 'rule', key: 'defects', version: 3, body: rule('let x = 1;\ninput.typo') }]),
    )
    expect(await run('rules', 'test', file)).toMatchObject({
      code: 3,
      out: expect.stringMatching(/Line 2, column \d+/) as string,
    })
    writeFileSync(file, '[{"id": 1}]')
    expect(await run('rules', 'test', file)).toMatchObject({
      code: 1,
      err: expect.stringContaining('holds no rules') as string,
    })
    expect(await run('rules', 'test', join(folder(), 'none.json'))).toMatchObject({ code: 1 })
    expect(await run('rules', 'test')).toMatchObject({ code: 2 })
  })
})

describe('the accounts of devices', () => {
  const secretOf = (out: string) => /^secret {2}(\S+)$/m.exec(out)?.[1] ?? ''

  test('I8: device add makes one that the broker lets in, shows its secret once and keeps only the hash', async () => {
    const where = folder()
    const file = join(where, 'devices', 'devices.json')
    const press = await run('device', 'add', '--file', file, '--login', 'press-1', '--lines', 'LINE-A, LINE-B')
    expect(press).toMatchObject({ code: 0, err: expect.stringContaining('shown this once') as string })
    const light = await run('device', 'add', '--file', file, '--login', 'light-1', '--role', 'consumer')
    expect(light.code).toBe(0)
    const devices = new DeviceDirectory(readDevices(file))
    expect(devices.authenticate({ login: 'press-1', secret: secretOf(press.out), certificateNames: [] })).toEqual({
      login: 'press-1',
      role: 'device',
      lines: ['LINE-A', 'LINE-B'],
    })
    expect(devices.authenticate({ login: 'light-1', secret: secretOf(light.out), certificateNames: [] })).toMatchObject(
      { role: 'consumer' },
    )
    expect(secretOf(press.out)).toHaveLength(43)
    expect(readFileSync(file, 'utf8')).not.toContain(secretOf(press.out))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(where, 'devices'))).toEqual(['devices.json'])
    expect(await run('device', 'list', '--file', file)).toMatchObject({
      code: 0,
      out: 'press-1  device  LINE-A,LINE-B\nlight-1  consumer  -\n',
    })
    expect(await run('device', 'remove', '--file', file, '--login', 'press-1')).toMatchObject({ code: 0 })
    expect(readDevices(file).map(({ login }) => login)).toEqual(['light-1'])
  })

  test('device add names a certificate beside a secret or in its place', async () => {
    const file = join(folder(), 'devices.json')
    const add = (...rest: string[]) => run('device', 'add', '--file', file, '--lines', 'LINE-A', ...rest)
    expect(await add('--login', 'a', '--certificate-name', 'a.plant')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^login {3}a\nsecret {2}\S{43}\ncertificate {2}a.plant\n$/) as string,
    })
    expect(await add('--login', 'b', '--certificate-name', 'b.plant', '--no-secret')).toMatchObject({
      code: 0,
      out: 'login        b\ncertificate  b.plant\n',
    })
    expect(await add('--login', 'c', '--no-secret')).toMatchObject({ code: 2 })
    const devices = new DeviceDirectory(readDevices(file))
    const shown = { login: undefined, secret: undefined }
    expect(devices.authenticate({ ...shown, certificateNames: ['b.plant'] })).toMatchObject({ login: 'b' })
    expect(devices.authenticate({ ...shown, certificateNames: ['a.plant'] })).toBeNull()
  })

  test('what the appliance would refuse is not written, and a sentence says why', async () => {
    const file = join(folder(), 'devices.json')
    const add = (...rest: string[]) => run('device', 'add', '--file', file, ...rest)
    await add('--login', 'press-1', '--lines', 'LINE-A')
    const before = readFileSync(file, 'utf8')
    expect(await add('--login', 'press-1', '--lines', 'LINE-A')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('has the login "press-1" already') as string,
    })
    expect((await add('--login', 'press-1', '--lines', 'LINE-A')).err).toContain(
      `jidoka device remove --file ${file} --login press-1`,
    )
    expect(await add('--login', 'Press 2', '--lines', 'LINE-A')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('"login"') as string,
    })
    expect(await add('--login', 'press-2', '--lines', 'line a')).toMatchObject({ code: 1, out: '' })
    expect(await add('--login', 'press-2')).toMatchObject({
      code: 2,
      err: expect.stringContaining('--lines') as string,
    })
    expect(await add('--login', 'press-2', '--lines', 'LINE-A', '--role', 'admin')).toMatchObject({ code: 2 })
    expect(await run('device', 'add', '--login', 'press-2', '--lines', 'LINE-A')).toMatchObject({
      code: 2,
      err: expect.stringContaining('JIDOKA_DEVICES') as string,
    })
    expect(await run('device', 'remove', '--file', file, '--login', 'nobody')).toMatchObject({ code: 1 })
    expect(await run('device', 'list', '--file', join(folder(), 'none.json'))).toMatchObject({
      code: 1,
      err: expect.stringContaining('there is no such file') as string,
    })
    expect(readFileSync(file, 'utf8')).toBe(before)
  })
})
