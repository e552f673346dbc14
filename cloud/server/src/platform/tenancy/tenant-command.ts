import { parseArgs } from 'node:util'
import { describeError, OperationalError } from '@jidoka/base'
import type { TenantMove } from '@jidoka/contract'
import { newTenantSchema } from '@jidoka/contract'
import { z } from 'zod'
import { phaseOf } from './move-repository.ts'
import type { TenantMover } from './mover.ts'
import type { TenantDesk } from './tenant-desk.ts'

const usage = `Use: tenant list
     tenant create ID --name NAME --login LOGIN [--database DATABASE]
     tenant move ID --to DATABASE     begins a move, or goes on with one that was begun
     tenant status [ID]
     tenant cancel ID                 up to the switch
     tenant drop-old ID [--now]       removes what a move has left behind, a week after it, or now`

/** Whoever may run the program on its database may do all of it. */
const actor = 'system'
/** A line for each few tables: there are some sixty. */
const tablesEach = 10

export interface TenantCommand {
  readonly desk: TenantDesk
  readonly print: (line: string) => void
}

/** @returns whether what was asked for is done */
export async function runTenantCommand(argv: readonly string[], command: TenantCommand): Promise<boolean> {
  const { values, positionals } = readArguments(argv)
  const [verb, tenant, ...rest] = positionals
  if (rest.length > 0) throw new OperationalError(usage)
  const { desk, print } = command
  if (verb === 'list' && tenant === undefined) {
    const { databases, tenants } = await desk.list()
    for (const { name, kind, answers } of databases)
      print(`database ${name} (${kind})${answers ? '' : ': does not answer, its tenants are not in this list'}`)
    for (const { id, database, move } of tenants) print(`${id} in ${database}${move === null ? '' : `, ${told(move)}`}`)
    return true
  }
  if (verb === 'status') {
    const moves = (await desk.moves()).filter((move) => tenant === undefined || move.tenant === tenant)
    if (moves.length === 0) print('No tenant has been moved.')
    for (const move of moves) print(`${move.begun_at} ${move.tenant} from ${move.from} to ${move.to}: ${told(move)}`)
    return true
  }
  if (tenant === undefined) throw new OperationalError(usage)
  if (verb === 'create') return create(tenant, values, command)
  const mover = moverOf(desk)
  if (verb === 'move') return moveTo(mover, tenant, values.to, command)
  if (verb === 'cancel') {
    const cancelled = await mover.cancel(tenant, actor)
    if (cancelled === null)
      throw new OperationalError(`No move of "${tenant}" can be cancelled: there is none, or it is switched already.`)
    print(
      cancelled.step === 'cancelled'
        ? 'Cancelled; nothing of the move is left.'
        : 'Told to the program that works on it.',
    )
    return true
  }
  if (verb === 'drop-old') {
    const { source } = await mover.dropOld(tenant, actor, values.now === true)
    print(`What "${tenant}" had left in "${source}" is removed.`)
    return true
  }
  throw new OperationalError(usage)
}

type Values = ReturnType<typeof readArguments>['values']

function readArguments(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        to: { type: 'string' },
        name: { type: 'string' },
        login: { type: 'string' },
        database: { type: 'string' },
        now: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new OperationalError(`${describeError(error)}\n${usage}`, { cause: error })
  }
}

async function create(id: string, { name, login, database }: Values, { desk, print }: TenantCommand): Promise<boolean> {
  const request = newTenantSchema.safeParse({
    id,
    name,
    admin_login: login,
    ...(database === undefined ? {} : { database }),
  })
  if (!request.success) throw new OperationalError(`${z.prettifyError(request.error)}\n${usage}`)
  const made = await desk.create(request.data, actor)
  print(`The tenant "${id}" is in the database "${made.database}".`)
  print(`First sign-in: name "${request.data.admin_login}", password "${made.password ?? ''}". It is shown this once.`)
  return true
}

async function moveTo(
  mover: TenantMover,
  tenant: string,
  to: string | undefined,
  { print }: TenantCommand,
): Promise<boolean> {
  const open = await mover.openMoveOf(tenant)
  const isUnderWay = open !== null && open.step !== 'switched' && (to === undefined || to === open.target)
  if (isUnderWay) print(`Going on with the move to "${open.target}" that was begun at ${open.begun_at}.`)
  else if (to === undefined) throw new OperationalError(usage)
  const begun = isUnderWay ? open : await mover.begin(tenant, to ?? '', actor)
  let lastTold = ''
  const done = await mover.run(begun.id, {
    progress: (move) => {
      const { tables_done: tables, tables_total: total, rows_copied: copied, rows_verified: verified } = move
      const now = `${phaseOf(move)} ${Math.floor(tables / tablesEach)}`
      if (now === lastTold) return
      lastTold = now
      print(`${phaseOf(move)}: ${tables} of ${total} tables, ${verified ?? copied} rows`)
    },
  })
  if (done.step === 'cancelled') {
    print('The move was cancelled; nothing of it is left.')
    return false
  }
  const waited = done.pause_ms === null ? '' : `; its writes waited for ${done.pause_ms} ms`
  print(`"${tenant}" is served by "${done.target}" now${waited}. What it had in "${done.source}" is kept for a week.`)
  return true
}

function moverOf({ mover }: TenantDesk): TenantMover {
  if (mover === null)
    throw new OperationalError(
      'There is one database, and nowhere to move to. Set JIDOKA_CLOUD_SHARDS or JIDOKA_CLOUD_OWN_DATABASES, here and for every process that serves.',
    )
  return mover
}

function told(move: TenantMove): string {
  const { step, tables_done: done, tables_total: total, rows_copied: rows, pause_ms: pauseMs, problem } = move
  const how = {
    copying: `copying to ${move.to}, ${done} of ${total} tables, ${rows} rows`,
    following: `copied to ${move.to}, taking over what is written`,
    verifying: `copied to ${move.to}, verifying ${done} of ${total} tables, ${move.rows_verified ?? 0} rows`,
    switched: `switched${pauseMs === null ? '' : ` with ${pauseMs} ms of pause`}; what is left in ${move.from} waits to be dropped`,
    dropped: 'done',
    cancelled: 'cancelled',
  }[step]
  const isIdle = (step === 'copying' || step === 'following' || step === 'verifying') && !move.worked_on
  return `${how}${isIdle ? '; nobody works on it: tenant move, or tenant cancel' : ''}${problem === null ? '' : `; ${problem}`}`
}
