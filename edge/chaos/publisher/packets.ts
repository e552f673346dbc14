/** The few MQTT packets that a publisher needs. Written here and not taken from a library: its idea of what was acknowledged would stand between us and the socket. */

export const acks = { connack: 0x20, puback: 0x40, pubrec: 0x50, pubcomp: 0x70 } as const

/** Every packet that a publisher is sent has four bytes. */
export const ackBytes = 4

/** Login and secret of a device, where the broker asks for them. */
export interface Credentials {
  readonly login: string
  readonly secret: string
}

export function connectPacket(clientId: string, clean: boolean, credentials: Credentials | null = null): Buffer {
  const signsIn = credentials === null ? 0 : 0xc0
  const signIn = credentials === null ? [] : [text(credentials.login), text(credentials.secret)]
  const flags = Buffer.from([4, (clean ? 2 : 0) | signsIn, 0, 0])
  return packet(0x10, Buffer.concat([text('MQTT'), flags, text(clientId), ...signIn]))
}

/** @param messageId not used with QoS 0 */
export function publishPacket(
  topic: string,
  payload: string,
  qos: 0 | 1 | 2,
  messageId: number,
  isRepeat: boolean,
): Buffer {
  const id = qos === 0 ? Buffer.alloc(0) : idBytes(messageId)
  return packet(0x30 | (qos << 1) | (isRepeat ? 8 : 0), Buffer.concat([text(topic), id, Buffer.from(payload)]))
}

export const pubrelPacket = (messageId: number): Buffer => packet(0x62, idBytes(messageId))

export function subscribePacket(messageId: number, filter: string, qos: 0 | 1 | 2): Buffer {
  return packet(0x82, Buffer.concat([idBytes(messageId), text(filter), Buffer.from([qos])]))
}

const idBytes = (messageId: number): Buffer => Buffer.from([messageId >> 8, messageId & 255])

function packet(head: number, body: Buffer): Buffer {
  const length: number[] = []
  let rest = body.length
  do {
    length.push((rest % 128) | (rest >= 128 ? 128 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return Buffer.concat([Buffer.from([head, ...length]), body])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}
