import type { ConnectPacket } from 'aedes'
import type { BrokerPolicy } from './access.ts'
import type { Credentials, DeviceGrant } from './devices.ts'
import type { BrokerLimits } from './limits.ts'
import { isTopicName } from './topics.ts'

/** [MQTT-3.2.2-3] return codes of CONNACK. */
export const connackCodes = { protocol: 1, identifier: 2, unavailable: 3, credentials: 4, notAuthorized: 5 } as const
/** Those that a client gets after its CONNECT was understood. */
export type ConnackCode = Exclude<(typeof connackCodes)[keyof typeof connackCodes], 1>

export interface ConnectRules {
  readonly limits: Pick<BrokerLimits, 'clientIdLengthMax'>
  readonly policy: BrokerPolicy
  readonly authenticate: (credentials: Credentials) => DeviceGrant | null
  readonly mayOpenSession: (clientId: string) => boolean
  /** Whose session a client id names; null when there is none. */
  readonly ownerOf: (clientId: string) => string | null
  readonly publishRefusal: (grant: DeviceGrant | null, topic: string) => string | null
}

export interface ConnectRequest {
  readonly packet: ConnectPacket
  readonly will: { readonly topic: string } | null
  readonly credentials: Credentials
}

/** `why` is for the log; the client learns the code alone. */
export type ConnectOutcome =
  | { readonly grant: DeviceGrant | null; readonly login: string }
  | { readonly refused: ConnackCode; readonly why: string }

/** Who has not signed in, under the open policy. */
const anybody = 'anybody'

/** Whether a client may come in, and as whom. */
export function checkConnect(request: ConnectRequest, rules: ConnectRules): ConnectOutcome {
  const { packet, credentials, will } = request
  if (packet.clientId.length > rules.limits.clientIdLengthMax)
    return { refused: connackCodes.identifier, why: 'its id is too long' }
  const grant = rules.policy === 'open' ? null : rules.authenticate(credentials)
  if (rules.policy === 'devices' && grant === null)
    return { refused: connackCodes.credentials, why: 'its login, secret or certificate is wrong' }
  const login = grant?.login ?? credentials.login ?? anybody
  const owner = rules.ownerOf(packet.clientId)
  // Under the open policy there is nobody to be somebody else: an id is whoever shows it.
  if (rules.policy === 'devices' && owner !== null && owner !== login)
    return { refused: connackCodes.identifier, why: `its id belongs to a session of "${owner}"` }
  if (packet.clean !== true && !rules.mayOpenSession(packet.clientId))
    return { refused: connackCodes.unavailable, why: 'there are too many sessions' }
  if (will !== null) {
    const refusal = isTopicName(will.topic) ? rules.publishRefusal(grant, will.topic) : 'it is no topic'
    if (refusal !== null) return { refused: connackCodes.notAuthorized, why: `it may not publish its will: ${refusal}` }
  }
  return { grant, login }
}
