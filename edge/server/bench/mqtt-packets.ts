/** MQTT 3.1.1 packets as bytes, built before the measuring begins. */
export function connectPacket(
  clientId: string,
  credentials?: { readonly login: string; readonly secret: string },
): Buffer {
  const flags = 2 | (credentials === undefined ? 0 : 0xc0)
  const signIn = credentials === undefined ? [] : [text(credentials.login), text(credentials.secret)]
  return packet(0x10, Buffer.concat([text('MQTT'), Buffer.from([4, flags, 0, 60]), text(clientId), ...signIn]))
}

/** QoS 1. */
export function publishPacket(topic: string, payload: string, messageId: number): Buffer {
  return packet(
    0x32,
    Buffer.concat([text(topic), Buffer.from([messageId >> 8, messageId & 255]), Buffer.from(payload)]),
  )
}

/** One filter at QoS 0. */
export function subscribePacket(filter: string): Buffer {
  return packet(0x82, Buffer.concat([Buffer.from([0, 1]), text(filter), Buffer.from([0])]))
}

function packet(head: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([head]), remainingLength(body.length), body])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes])
}

function remainingLength(length: number): Buffer {
  const bytes: number[] = []
  let rest = length
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 128 : 0))
    rest = Math.floor(rest / 128)
  } while (rest > 0)
  return Buffer.from(bytes)
}
