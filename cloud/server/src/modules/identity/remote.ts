import { userSchema } from '@jidoka/contract'
import { z } from 'zod'
import { defineContract, query } from '../../platform/remote/contract.ts'
import type { CallsOf } from '../../platform/remote/contract.ts'
import type { IdentityService } from './service.ts'

/** What may be asked of identity wherever it runs. Who an access token belongs to is not: every process reads it by the key. */
export const identityContract = defineContract('identity', {
  /** Of the person on whose behalf it is asked. */
  me: query(z.object({}), userSchema, { callers: ['gateway'] }),
})
export type IdentityCalls = CallsOf<typeof identityContract>

export const identityCalls = (service: IdentityService): IdentityCalls => ({
  me: ({ tenantId, by }) => service.me({ tenantId, login: by }),
})
