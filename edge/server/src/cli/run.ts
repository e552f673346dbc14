import { describeError } from '@jidoka/base'
import { brokerCommand } from './broker.ts'
import { UsageError } from './command.ts'
import type { Command, CommandContext, ExitCode } from './command.ts'
import { courierExportCommand, courierImportCommand } from './courier.ts'
import { deviceAddCommand, deviceListCommand, deviceRemoveCommand } from './device.ts'
import { exportCommand } from './export.ts'
import { epochNewCommand } from './epoch.ts'
import { receiptsListCommand, receiptsVerifyCommand } from './receipts.ts'
import { replayCommand } from './replay.ts'
import { rulesTestCommand } from './rules-test.ts'
import { sqlCommand } from './sql.ts'
import { statusCommand } from './status.ts'
import { supportBundleCommand } from './support-bundle.ts'
import { syncAuditCommand, syncStatusCommand, syncWatchCommand } from './sync.ts'
import { tailCommand } from './tail.ts'

const commands: readonly Command[] = [
  statusCommand,
  tailCommand,
  rulesTestCommand,
  exportCommand,
  sqlCommand,
  replayCommand,
  supportBundleCommand,
  syncStatusCommand,
  syncWatchCommand,
  syncAuditCommand,
  receiptsListCommand,
  receiptsVerifyCommand,
  epochNewCommand,
  courierExportCommand,
  courierImportCommand,
  deviceAddCommand,
  deviceListCommand,
  deviceRemoveCommand,
  brokerCommand,
]

const help = `jidoka: the appliance from its own command line

${commands.map((command) => `  jidoka ${command.name.padEnd(13)} ${command.summary}`).join('\n')}

  jidoka COMMAND --help    what a command takes`

/** Runs one command line. Never throws: everything that goes wrong ends in a sentence and an exit code. */
export async function runCli(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const words = argv.findIndex((word) => word.startsWith('-'))
  const spoken = words < 0 ? argv : argv.slice(0, words)
  const command = commands.find(({ name }) => name.split(' ').every((word, index) => spoken[index] === word))
  if (command === undefined) {
    const group = commands.filter(({ name }) => name.split(' ').length > 1 && name.split(' ')[0] === spoken[0])
    if (group.length > 0) {
      const helps = group.map((each) => each.help).join('\n\n')
      const isHelp = spoken.length === 1 && (argv.includes('--help') || argv.includes('-h'))
      if (isHelp) context.out(helps)
      else context.err(`There is no command "${spoken.join(' ')}".\n\n${helps}`)
      return isHelp ? 0 : 2
    }
    const asksForHelp = argv.length === 0 || argv[0] === 'help' || argv.includes('--help') || argv.includes('-h')
    if (asksForHelp) context.out(help)
    else context.err(`There is no command "${spoken.join(' ') || argv[0]}".\n\n${help}`)
    return asksForHelp ? 0 : 2
  }
  const args = argv.slice(command.name.split(' ').length)
  if (args.includes('--help') || args.includes('-h')) {
    context.out(command.help)
    return 0
  }
  try {
    return await command.run(args, context)
  } catch (error) {
    const isUsage =
      error instanceof UsageError ||
      (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
    context.err(isUsage ? `${describeError(error)}\n\n${command.help}` : describeError(error))
    return isUsage ? 2 : 1
  }
}
