import { randomBytes } from 'node:crypto'
import type { Permission } from '@jidoka/domain'
import { may, permissionsOf } from '@jidoka/domain'
import type { User } from '@jidoka/contract'
import type { JournalReader, Pipeline, StoredUser } from '../ports.ts'
import { hashPassword, verifyPassword } from '@jidoka/base'

/** The login of the first user. */
export const firstLogin = 'admin'

/** Users of the appliance: local ones and those of the desired state, which hide local ones of the same login. Works offline. */
export class UserDirectory {
  readonly #reader: Pick<JournalReader, 'users'>
  readonly #pipeline: Pick<Pipeline, 'saveUser'>
  #users = new Map<string, StoredUser>()
  /** A hash that nobody's password fits: an unknown login takes as long as a wrong password. */
  #decoy: Promise<string> | null = null

  constructor(reader: Pick<JournalReader, 'users'>, pipeline: Pick<Pipeline, 'saveUser'>) {
    this.#reader = reader
    this.#pipeline = pipeline
    this.reload()
  }

  /** Called when the desired state has brought or taken users. */
  reload(): void {
    const users = new Map<string, StoredUser>()
    for (const user of this.#reader.users()) {
      if (user.origin === 'desired' || !users.has(user.login)) users.set(user.login, user)
    }
    this.#users = users
  }

  find(login: string): StoredUser | null {
    return this.#users.get(login) ?? null
  }

  passwordHashOf = (login: string): string | null => this.find(login)?.passwordHash ?? null

  /** The user whose password this is, or null. */
  async authenticate(login: string, password: string): Promise<StoredUser | null> {
    const user = this.find(login)
    if (user === null) {
      this.#decoy ??= hashPassword(randomBytes(16).toString('hex'))
      await verifyPassword(password, await this.#decoy)
      return null
    }
    return (await verifyPassword(password, user.passwordHash)) ? user : null
  }

  /** Makes the user `admin` where nobody may manage users yet. Returns its password when it was made up here, so that it can be shown once. */
  async ensureFirstUser(
    password: string | undefined,
  ): Promise<{ readonly login: string; readonly madeUpPassword: string | null } | null> {
    if ([...this.#users.values()].some((user) => user.role === 'admin')) return null
    const madeUpPassword = password === undefined ? randomBytes(12).toString('base64url') : null
    await this.#save({
      login: firstLogin,
      name: 'Admin',
      role: 'admin',
      locale: null,
      passwordHash: await hashPassword(password ?? madeUpPassword ?? ''),
      origin: 'local',
    })
    return { login: firstLogin, madeUpPassword }
  }

  /** Only for local users: the password of one from the cloud is changed there. */
  async changePassword(user: StoredUser, next: string): Promise<StoredUser> {
    const changed = { ...user, passwordHash: await hashPassword(next) }
    await this.#save(changed)
    return changed
  }

  /** What counts afterwards is what a restart would find: one of the desired state hides it still. */
  async #save(user: StoredUser): Promise<void> {
    await this.#pipeline.saveUser(user)
    this.reload()
  }
}

export const userView = (user: Pick<StoredUser, 'login' | 'name' | 'role' | 'locale'>): User => ({
  login: user.login,
  name: user.name,
  role: user.role,
  locale: user.locale,
  permissions: [...permissionsOf(user.role)],
})

/** Who asks: a person with a session, or the command line on this machine with its token. */
export interface Principal {
  readonly login: string
  readonly user: Pick<StoredUser, 'login' | 'name' | 'role' | 'locale'>
  /** Whether the sign-in still stands; asked again while a stream is open. */
  isAlive(): boolean
}

export const mayDo = (principal: Principal, permission: Permission): boolean => may(principal.user.role, permission)
