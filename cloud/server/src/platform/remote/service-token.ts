import type { Clock } from '@jidoka/base'
import { tenantIdSchema } from '@jidoka/domain'
import { jwtVerify, SignJWT } from 'jose'
import { z } from 'zod'
import type { KeyPair } from '../key-file.ts'
import { remoteLimits } from './limits.ts'
import type { ReachableModule } from './module-names.ts'

/** One call: by which process, to which method of which module, for which tenant, on whose behalf. */
export interface ServiceClaims {
  readonly service: string
  readonly module: ReachableModule
  readonly method: string
  readonly tenantId: string
  readonly by: string
}

const issuer = 'jidoka-cloud'
/** No token of a person has this type, and none of these passes as a person's: that one has another audience, key and algorithm. */
const type = 'service+jwt'
const audienceOf = (module: string) => `jidoka:${module}`

const claimsSchema = z.object({
  sub: z.string().min(1).max(200),
  tenant_id: tenantIdSchema,
  method: z.string().min(1).max(100),
  by: z.string().min(1).max(200),
})

/** Signs and reads the tokens by which modules know each other. Whoever holds the folder for keys is one of them. */
export class ServiceTokens {
  readonly #key: KeyPair
  readonly #clock: Clock

  constructor(key: KeyPair, clock: Clock) {
    this.#key = key
    this.#clock = clock
  }

  sign({ service, module, method, tenantId, by }: ServiceClaims): Promise<string> {
    const nowS = Math.floor(this.#clock.nowMs() / 1_000)
    return new SignJWT({ tenant_id: tenantId, method, by })
      .setProtectedHeader({ alg: 'EdDSA', kid: this.#key.keyId, typ: type })
      .setIssuer(issuer)
      .setAudience(audienceOf(module))
      .setSubject(service)
      .setIssuedAt(nowS)
      .setExpirationTime(nowS + remoteLimits.tokenSecondsMax)
      .sign(this.#key.privateKey)
  }

  /** @throws an error of jose or zod for a token that is not one for this method of this module, now */
  async read(token: string, { module, method }: { module: ReachableModule; method: string }): Promise<ServiceClaims> {
    const { payload } = await jwtVerify(token, this.#key.publicKey, {
      issuer,
      audience: audienceOf(module),
      typ: type,
      algorithms: ['EdDSA'],
      currentDate: new Date(this.#clock.nowMs()),
      clockTolerance: remoteLimits.clockSkewSecondsMax,
      maxTokenAge: remoteLimits.tokenSecondsMax,
    })
    const { sub, tenant_id: tenantId, by, method: named } = claimsSchema.parse(payload)
    if (named !== method) throw new Error(`the token is for the method ${named}`)
    return { service: sub, module, method, tenantId, by }
  }
}
