import type { Clock } from '@jidoka/base'
import { tenantIdSchema } from '@jidoka/domain'
import { jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import { remoteLimits } from './limits.ts'
import type { ModuleKeyRing } from './module-keys.ts'
import type { ModuleName, ReachableModule } from './module-names.ts'

/** One call: by which module, to which method of which module, for which tenant, on whose behalf. */
export interface ServiceClaims {
  readonly caller: ModuleName
  readonly module: ReachableModule
  readonly method: string
  readonly tenantId: string
  readonly by: string
}

/** No token of a person has this type, and none of these passes as a person's: that one has another audience, key and algorithm. */
const type = 'service+jwt'
/** Of a module, as issuer and as audience. */
const nameOf = (module: string) => `jidoka:${module}`

const claimsSchema = z.object({
  sub: z.string().min(1).max(200),
  tenant_id: tenantIdSchema,
  method: z.string().min(1).max(100),
})

/** Signs and reads the tokens by which modules know each other. */
export class ServiceTokens {
  readonly #keys: ModuleKeyRing
  readonly #clock: Clock

  constructor(keys: ModuleKeyRing, clock: Clock) {
    this.#keys = keys
    this.#clock = clock
  }

  /** @throws KeyError for a caller that does not run in this process */
  async sign({ caller, module, method, tenantId, by }: ServiceClaims): Promise<string> {
    const nowS = Math.floor(this.#clock.nowMs() / 1_000)
    const { kid, privateKey } = this.#keys.signer(caller)
    return new SignJWT({ tenant_id: tenantId, method })
      .setProtectedHeader({ alg: 'EdDSA', kid, typ: type })
      .setIssuer(nameOf(caller))
      .setAudience(nameOf(module))
      .setSubject(by)
      .setIssuedAt(nowS)
      .setExpirationTime(nowS + remoteLimits.tokenSecondsMax)
      .sign(privateKey)
  }

  /**
   * @param callers who may call this method
   * @throws an error of jose or zod, or another, for a token that is not one of theirs for this method of this module, now
   */
  async read(
    token: string,
    { module, method, callers }: { module: ReachableModule; method: string; callers: readonly ModuleName[] },
  ): Promise<ServiceClaims> {
    let caller: ModuleName | undefined
    const { payload } = await jwtVerify(
      token,
      async ({ kid }) => {
        const key = await this.#keys.find(kid ?? '')
        if (key === null) throw new Error(`no module is believed by the key ${kid}`)
        caller = key.module
        return key.publicKey
      },
      {
        audience: nameOf(module),
        typ: type,
        algorithms: ['EdDSA'],
        currentDate: new Date(this.#clock.nowMs()),
        clockTolerance: remoteLimits.clockSkewSecondsMax,
        maxTokenAge: remoteLimits.tokenSecondsMax,
        requiredClaims: ['exp', 'iss'],
      },
    )
    const { sub: by, tenant_id: tenantId, method: named } = claimsSchema.parse(payload)
    if (caller === undefined || payload.iss !== nameOf(caller))
      throw new Error(`${payload.iss} signed with a key of ${caller}`)
    if (named !== method) throw new Error(`the token is for the method ${named}`)
    if (!callers.includes(caller)) throw new Error(`the module ${caller} may not call ${module}.${method}`)
    return { caller, module, method, tenantId, by }
  }
}
