/**
 * The same comparison as a Node-RED flow: readings in, JSON, a comparison with the limit, the verdict out by QoS 0. As its
 * users would draw it: the function node holds one `if`.
 */
export function nodeRedFlow(mosquittoPort: number): readonly object[] {
  const tab = { id: 'tab', type: 'tab', label: 'judge' }
  const broker = {
    id: 'broker',
    type: 'mqtt-broker',
    name: 'mosquitto',
    broker: '127.0.0.1',
    port: String(mosquittoPort),
    clientid: 'node-red',
    autoConnect: true,
    usetls: false,
    protocolVersion: '4',
    keepalive: '60',
    cleansession: true,
  }
  const compare = `const reading = msg.payload
const high = reading.value > 90
const [, line] = msg.topic.split('/')
return {
  topic: 'verdict/' + line + '/hot-0',
  payload: JSON.stringify({
    subject: msg.topic.slice(7), status: high ? 'HIGH' : 'NORMAL', confidence: high ? 0.95 : 0.8, judged_at_ms: Date.now(),
  }),
}`
  const place = { z: 'tab', x: 100, y: 100 }
  return [
    tab,
    broker,
    {
      ...place,
      id: 'in',
      type: 'mqtt in',
      topic: 'sensor/#',
      qos: '0',
      datatype: 'json',
      broker: 'broker',
      wires: [['compare']],
    },
    { ...place, id: 'compare', type: 'function', func: compare, outputs: 1, timeout: 0, wires: [['out']] },
    { ...place, id: 'out', type: 'mqtt out', topic: '', qos: '0', retain: 'false', broker: 'broker', wires: [] },
  ]
}
