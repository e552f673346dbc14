import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { hashDeviceSecret, newDeviceSecret, OperationalError } from '@jidoka/base'
import { parseDevices, readDevices } from '../broker/devices.ts'
import type { DeviceEntry } from '../broker/devices.ts'
import { UsageError } from './command.ts'
import type { Command, CommandContext } from './command.ts'
import { writePrivateFile } from './private-file.ts'

const fileHelp = `  --file FILE     the devices file of the appliance (default: JIDOKA_DEVICES)`
const whoAndWhen = `Run it as the user of the appliance, which alone may read the file. The appliance reads it when it starts.`

export const deviceAddCommand: Command = {
  name: 'device add',
  summary: 'a login for a device, with a secret that is shown once',
  help: `jidoka device add --file FILE --login LOGIN --lines LINE,LINE [--role device|consumer]
                  [--certificate-name NAME] [--no-secret] [--reads-sys]

${fileHelp}; made when absent
  --login LOGIN   lower case, e.g. press-1
  --lines LINES   codes of the lines below which it may publish, e.g. LINE-A,LINE-B
  --role ROLE     device (default): publishes readings; consumer: reads verdicts and alarms, and needs no lines
  --certificate-name NAME
                  common or alternative name of its certificate, which is then asked for as well (mqtt.tls.ca)
  --no-secret     no secret: the certificate alone signs it in
  --reads-sys     a consumer that may read $SYS/# too

${whoAndWhen}`,
  run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        file: { type: 'string' },
        login: { type: 'string' },
        lines: { type: 'string', default: '' },
        role: { type: 'string', default: 'device' },
        'certificate-name': { type: 'string' },
        'no-secret': { type: 'boolean', default: false },
        'reads-sys': { type: 'boolean', default: false },
      },
    })
    const { login, lines, role, 'certificate-name': certificateName, 'no-secret': hasNoSecret } = values
    const file = fileOf(values.file, context)
    if (login === undefined) throw new UsageError('Name the device with --login.')
    if (role !== 'device' && role !== 'consumer') throw new UsageError(`--role is device or consumer, not "${role}".`)
    const lineCodes = lines.split(',').flatMap((line) => line.trim() || [])
    if (role === 'device' && lineCodes.length === 0) throw new UsageError('Name the lines of the device with --lines.')
    if (hasNoSecret && certificateName === undefined)
      throw new UsageError('Without a secret the device needs a certificate: name it with --certificate-name.')
    const devices = existsSync(file) ? readDevices(file) : []
    if (devices.some((device) => device.login === login))
      throw new OperationalError(
        `${file} has the login "${login}" already. For a new secret remove it first: jidoka device remove${values.file === undefined ? '' : ` --file ${values.file}`} --login ${login}`,
      )
    const secret = hasNoSecret ? undefined : newDeviceSecret()
    write(file, [
      ...devices,
      {
        login,
        ...(secret === undefined ? {} : { secret_hash: hashDeviceSecret(secret) }),
        ...(certificateName === undefined ? {} : { certificate_name: certificateName }),
        role,
        lines: lineCodes,
        ...(values['reads-sys'] ? { reads_sys: true } : {}),
      },
    ])
    context.out(secret === undefined ? `login        ${login}` : `login   ${login}\nsecret  ${secret}`)
    if (certificateName !== undefined) context.out(`certificate  ${certificateName}`)
    context.err(
      secret === undefined
        ? 'It signs in with its certificate alone. Restart the appliance to let it in.'
        : `The secret is shown this once; ${file} holds only its hash. Restart the appliance to let it in.`,
    )
    return Promise.resolve(0)
  },
}

export const deviceListCommand: Command = {
  name: 'device list',
  summary: 'the logins of a devices file',
  help: `jidoka device list --file FILE

${fileHelp}`,
  run(args, context) {
    const { values } = parseArgs({ args: [...args], options: { file: { type: 'string' } } })
    for (const { login, role, lines, certificate_name: certificate } of readDevices(fileOf(values.file, context)))
      context.out(`${login}  ${role}  ${lines.join(',') || '-'}${certificate === undefined ? '' : `  ${certificate}`}`)
    return Promise.resolve(0)
  },
}

export const deviceRemoveCommand: Command = {
  name: 'device remove',
  summary: 'takes a login out of a devices file',
  help: `jidoka device remove --file FILE --login LOGIN

${fileHelp}

${whoAndWhen}`,
  run(args, context) {
    const { values } = parseArgs({ args: [...args], options: { file: { type: 'string' }, login: { type: 'string' } } })
    const { login } = values
    const file = fileOf(values.file, context)
    if (login === undefined) throw new UsageError('Name the device with --login.')
    const devices = readDevices(file)
    const left = devices.filter((device) => device.login !== login)
    if (left.length === devices.length)
      throw new OperationalError(`${file} has no login "${login}". "jidoka device list" shows those that it has.`)
    write(file, left)
    context.err(`"${login}" is removed. Restart the appliance to keep it out.`)
    return Promise.resolve(0)
  },
}

function fileOf(option: string | undefined, context: CommandContext): string {
  const file = option ?? context.environment['JIDOKA_DEVICES']
  if (file === undefined) throw new UsageError('Name the devices file with --file, or in JIDOKA_DEVICES.')
  return file
}

/** Nothing is written that the appliance would refuse at its start. @throws ConfigError */
function write(file: string, devices: readonly DeviceEntry[]): void {
  writePrivateFile(file, `${JSON.stringify(parseDevices(devices, file), null, 2)}\n`)
}
