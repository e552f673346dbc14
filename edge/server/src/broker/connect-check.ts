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
  readonly publishRefusal: (grant: DeviceGrant | null, topic: string) => string | null
}

export interface ConnectRequest {
  readonly packet: Pick<ConnectPacket, 'clientId'>
  readonly address: string
  readonly will: { readonly topic: string } | null
  readonly credentials: Credentials
}

/** `why` is for the log; the client learns the code alone. */
export interface ConnectRefusal {
  readonly refused: ConnackCode
  readonly why: string
}

export interface SignedIn {
  readonly grant: DeviceGrant | null
  readonly login: string
  /**
   * The client id as the broker knows it. Every login has ids of its own: whoever shows the id of somebody else's device
   * neither meets that device's session nor keeps it out. Under the open policy there is nobody to be somebody else.
   */
  readonly clientId: string
  /** Whose places it takes: those of its login, or of its address where nobody signs in. */
  readonly holder: string
}

/** Who has not signed in, under the open policy. */
const anybody = 'anybody'

/** Who a client is, and whether it may come in at all; whether there is a place for it is another question (`places.ts`). */
export function checkConnect(request: ConnectRequest, rules: ConnectRules): SignedIn | ConnectRefusal {
  const { packet, credentials, will, address } = request
  const { clientId } = packet
  if (clientId.length > rules.limits.clientIdLengthMax)
    return { refused: connackCodes.identifier, why: 'its id is too long' }
  const grant = rules.policy === 'open' ? null : rules.authenticate(credentials)
  if (rules.policy === 'devices' && grant === null)
    return { refused: connackCodes.credentials, why: 'its login, secret or certificate is wrong' }
  if (will !== null) {
    const refusal = isTopicName(will.topic) ? rules.publishRefusal(grant, will.topic) : 'it is no topic'
    if (refusal !== null) return { refused: connackCodes.notAuthorized, why: `it may not publish its will: ${refusal}` }
  }
  if (grant === null) return { grant, login: credentials.login ?? anybody, clientId, holder: address }
  // No login has a slash.
  return { grant, login: grant.login, clientId: `${grant.login}/${clientId}`, holder: grant.login }
}
