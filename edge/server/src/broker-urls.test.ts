import { expect, test } from 'vitest'
import { brokerUrlsOf } from './broker-urls.ts'

const broker = { url: 'mqtt://[::1]:1883', tlsPort: 8883, wsPort: 8083 }

test('the ready line names the listeners that are up, and no other', () => {
  expect(brokerUrlsOf({ host: '::1' }, broker)).toEqual({ mqtt: broker.url })
  expect(brokerUrlsOf({ host: '::1', ws: {} }, broker)).toEqual({ mqtt: broker.url, ws: 'ws://[::1]:8083/mqtt' })
  expect(brokerUrlsOf({ host: 'plant', tls: {}, ws: {} }, broker)).toEqual({
    mqtt: broker.url,
    mqtts: 'mqtts://plant:8883',
    ws: 'wss://plant:8083/mqtt',
  })
  expect(brokerUrlsOf({ host: '127.0.0.1', tls: { host: 'plant' } }, broker).mqtts).toBe('mqtts://plant:8883')
})
