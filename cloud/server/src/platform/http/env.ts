import type { HttpBindings } from '@hono/node-server'
import type { Permission, Role } from '@jidoka/domain'
import type { Context, MiddlewareHandler } from 'hono'
import { networkOf } from './network.ts'

/** Who is signed in, from the access token. */
export interface Caller {
  readonly tenantId: string
  readonly login: string
  readonly role: Role
  /** When the access token ends, epoch seconds: a stream opened with it ends then too. */
  readonly expiresAtS: number
  /** Whether it was taken back before: asked by what goes on longer than a request. */
  readonly hasEnded?: () => boolean
}

export interface AppEnv {
  /** Absent when a test calls the application without a socket. */
  Bindings: Partial<HttpBindings>
  Variables: {
    requestId: string
    /** When it came, by the monotonic clock. */
    startMs: number
    caller: Caller
    /** Nobody waits for the answer. */
    callerLeft?: true
    /** The body that `reply` has made, for whoever compresses or keeps it. */
    answerText?: string
  }
}

/** Lets a request through that is signed in and may do this; null: signed in is enough. */
export type Guard = (permission: Permission | null) => MiddlewareHandler<AppEnv>

/** The address of the other end; "" without a socket. */
export function addressOf(c: Context<AppEnv>, trustForwarded: boolean): string {
  // The last entry is the one that our own proxy wrote; those before it are the sender's own words.
  const forwarded = trustForwarded ? c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim() : undefined
  return forwarded ?? c.env?.incoming?.socket.remoteAddress ?? ''
}

/** Whose attempts these are where they are counted by address. */
export function countedAddressOf(c: Context<AppEnv>, trustForwarded: boolean): string {
  return networkOf(addressOf(c, trustForwarded))
}
