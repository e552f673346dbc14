import { hashPassword, ManualClock } from '@jidoka/base'
import { describe, expect, test } from 'vitest'
import { MemoryJournal } from '../http/testing/memory-journal.ts'
import { LoginLimiter, loginLimits } from './login-limiter.ts'
import { sessionLimits, SessionTable } from './sessions.ts'
import { UserDirectory } from './user-directory.ts'

describe('users', () => {
  test('the first start makes one admin and shows a password only when it was made up', async () => {
    const journal = new MemoryJournal()
    const made = await new UserDirectory(journal, journal).ensureFirstUser(undefined)
    expect(made?.madeUpPassword).toHaveLength(16)
    const again = new UserDirectory(journal, journal)
    expect(await again.ensureFirstUser(undefined)).toBeNull()
    expect(await again.authenticate('admin', made?.madeUpPassword ?? '')).toMatchObject({ role: 'admin' })
    const given = new MemoryJournal()
    expect(await new UserDirectory(given, given).ensureFirstUser('a password of the config')).toEqual({
      login: 'admin',
      madeUpPassword: null,
    })
  })

  test('a user of the desired state hides a local one of the same login', async () => {
    const journal = new MemoryJournal()
    const local = {
      login: 'kim',
      name: 'Kim',
      role: 'viewer' as const,
      locale: 'ko' as const,
      passwordHash: await hashPassword('local password'),
      origin: 'local' as const,
    }
    journal.storedUsers.push(local, {
      ...local,
      role: 'manager',
      passwordHash: await hashPassword('cloud password'),
      origin: 'desired',
    })
    const users = new UserDirectory(journal, journal)
    expect(await users.authenticate('kim', 'local password')).toBeNull()
    expect(await users.authenticate('kim', 'cloud password')).toMatchObject({ role: 'manager' })
  })

  test('a local user that is saved while the desired state has one of the same login stays hidden behind it', async () => {
    const journal = new MemoryJournal()
    journal.storedUsers.push({
      login: 'admin',
      name: 'Viewer of the cloud',
      role: 'viewer',
      locale: null,
      passwordHash: await hashPassword('cloud password'),
      origin: 'desired',
    })
    const users = new UserDirectory(journal, journal)
    await users.ensureFirstUser('local password')
    expect(users.find('admin')).toMatchObject({ origin: 'desired', role: 'viewer' })
    expect(await users.authenticate('admin', 'local password')).toBeNull()
  })
})

describe('sessions', () => {
  const passwordHashOf = () => 'hash'

  test('I10: are bounded: the one idle longest goes first', async () => {
    const clock = new ManualClock()
    const table = new SessionTable(clock, null, () => Promise.resolve())
    const first = await table.create('kim', 'hash')
    clock.advance(1_000)
    const second = await table.create('kim', 'hash')
    clock.advance(1_000)
    expect(table.find(first, passwordHashOf)).not.toBeNull()
    for (let count = 2; count <= sessionLimits.sessionsMax; count++) await table.create('kim', 'hash')
    expect(table.size).toBe(sessionLimits.sessionsMax)
    expect(table.find(second, passwordHashOf)).toBeNull()
    expect(table.find(first, passwordHashOf)).not.toBeNull()
  })

  test('end when their user is gone', async () => {
    const table = new SessionTable(new ManualClock(), null, () => Promise.resolve())
    const token = await table.create('kim', 'hash')
    expect(table.find(token, () => null)).toBeNull()
  })

  test('a board that asks all day stays signed in, and that is written at most every ten minutes', async () => {
    const clock = new ManualClock()
    let writes = 0
    const table = new SessionTable(clock, null, () => {
      writes++
      return Promise.resolve()
    })
    const token = await table.create('board', 'hash')
    for (let minute = 0; minute < 24 * 60; minute++) {
      clock.advance(60_000)
      expect(table.find(token, passwordHashOf)).not.toBeNull()
    }
    expect(writes).toBeLessThanOrEqual(1 + (24 * 60) / 10)
  })
})

describe('attempts to sign in', () => {
  test('I10: one password over many names is stopped by the address, other addresses go on', () => {
    const limiter = new LoginLimiter(new ManualClock())
    for (let count = 0; count < loginLimits.addressFailuresMax; count++)
      expect(limiter.begin(`user${count}`, '10.0.0.1')).toBeNull()
    expect(limiter.begin('user-x', '10.0.0.1')).not.toBeNull()
    expect(limiter.begin('user-x', '10.0.0.2')).toBeNull()
  })

  test('I10: many names from one address get 100 attempts through in a window, however many they are', () => {
    const clock = new ManualClock()
    const limiter = new LoginLimiter(clock)
    let through = 0
    for (let count = 0; count < 3 * loginLimits.entriesMax; count++)
      if (limiter.begin(`user${count}`, '10.0.0.1') === null) through++
    expect(through).toBe(loginLimits.addressFailuresMax)
    clock.advance(60_000)
    expect(limiter.begin('user-x', '10.0.0.1')).toEqual({ retryAfterS: 14 * 60 })
    clock.advance(14 * 60_000)
    expect(limiter.begin('user-x', '10.0.0.1')).toBeNull()
  })

  test('a blocked name does not count against its address', () => {
    const limiter = new LoginLimiter(new ManualClock())
    for (let count = 0; count < 10 * loginLimits.addressFailuresMax; count++) limiter.begin('kim', '10.0.0.1')
    expect(limiter.begin('kim', '10.0.0.1')).not.toBeNull()
    expect(limiter.begin('lee', '10.0.0.1')).toBeNull()
  })

  test('I10: names and addresses that are made up do not grow the tables', () => {
    const limiter = new LoginLimiter(new ManualClock())
    for (let count = 0; count < 2 * loginLimits.entriesMax; count++) limiter.begin('kim', `10.0.0.${count}`)
    expect(limiter.sizes).toEqual({ pairs: loginLimits.entriesMax, addresses: loginLimits.entriesMax })
  })

  test('a plant behind one address that signs in rightly is never stopped', () => {
    const limiter = new LoginLimiter(new ManualClock())
    for (let count = 0; count < 1_000; count++) {
      expect(limiter.begin(`user${count % 50}`, '10.0.0.1')).toBeNull()
      limiter.succeeded(`user${count % 50}`, '10.0.0.1')
    }
  })
})
