import type { ConnectPacket } from 'aedes'
import type { BrokerPolicy } from './access.ts'
import type { DeviceGrant } from './devices.ts'
import type { BrokerLimits } from './limits.ts'

/** [MQTT-3.2.2-3] return codes of CONNACK. */
export const connackCodes = { identifier: 2, unavailable: 3, credentials: 4, notAuthorized: 5 } as const
export type ConnackCode = (typeof connackCodes)[keyof typeof connackCodes]

export interface ConnectRules {
  readonly limits: Pick<BrokerLimits, 'clientIdLengthMax'>
  readonly policy: BrokerPolicy
  readonly authenticate: (login: string, secret: string) => DeviceGrant | null
  readonly mayOpenSession: (clientId: string) => boolean
  readonly publishRefusal: (grant: DeviceGrant | null, topic: string) => string | null
}

export interface ConnectRequest {
  readonly packet: ConnectPacket
  readonly login: string | undefined
  readonly secret: Buffer | undefined
  /** Names who has not signed in, under the open policy. */
  readonly fallbackLogin: string
}

/** `why` is for the log; the client learns the code alone. */
export type ConnectOutcome =
  | { readonly grant: DeviceGrant | null; readonly login: string }
  | { readonly refused: ConnackCode; readonly why: string }

/** Whether a client may come in, and as whom. */
export function checkConnect(request: ConnectRequest, rules: ConnectRules): ConnectOutcome {
  const { packet, login, secret } = request
  // [MQTT-3.1.3-8] without an id there is no session to come back to. With a clean session aedes makes up a name.
  if (packet.clientId === '' && packet.clean !== true)
    return { refused: connackCodes.identifier, why: 'it wants a session and has no id' }
  if (packet.clientId.length > rules.limits.clientIdLengthMax)
    return { refused: connackCodes.identifier, why: 'its id is too long' }
  if (packet.clean !== true && !rules.mayOpenSession(packet.clientId))
    return { refused: connackCodes.unavailable, why: 'there are too many sessions' }
  const grant =
    rules.policy === 'open' || login === undefined || secret === undefined
      ? null
      : rules.authenticate(login, secret.toString())
  if (rules.policy === 'devices' && grant === null)
    return { refused: connackCodes.credentials, why: 'its login or secret is wrong' }
  const refusal = packet.will === undefined ? null : rules.publishRefusal(grant, packet.will.topic)
  if (refusal !== null) return { refused: connackCodes.notAuthorized, why: `it may not publish its will: ${refusal}` }
  return { grant, login: grant?.login ?? login ?? request.fallbackLogin }
}
