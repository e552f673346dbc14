import { cloudPaths, fill } from '@jidoka/contract'
import { expect, it } from 'vitest'
import type { ArchiveWorld } from './archive-world.ts'

/** Of a world in which both months have their archive; leaves them as they were. */
export function archiveRestoreCases(opened: () => ArchiveWorld): void {
  it('are read back into the database, wherever reading them back was ended, and taken away again', async () => {
    const { world, own, list } = opened()
    const [, archive] = await list()
    const id = archive?.id ?? ''
    const { service } = world.cloud.archives
    const rowsPath = fill(cloudPaths.archiveRows, { id })
    expect((await world.as('GET', rowsPath)).status).toBe(409)
    expect((await world.as('POST', fill(cloudPaths.archiveRestore, { id }))).status).toBe(200)
    expect((await world.as('POST', fill(cloudPaths.archiveRestore, { id }))).status).toBe(409)
    expect((await list())[1]?.restoration?.state).toBe('restoring')
    const told = () => undefined
    const ended = AbortSignal.abort(new Error('the process stops'))
    await expect(service.restore('demo', id, { signal: ended, told })).rejects.toThrow('the process stops')
    const { signal } = new AbortController()
    expect(await service.restore('demo', id, { signal, told })).toBe(40)
    expect(await service.restore('demo', id, { signal, told })).toBe(40)
    expect((await list())[1]?.restoration).toMatchObject({ state: 'restored', by: 'admin' })
    const page = (await world.as('GET', `${rowsPath}?limit=30`)).body.data
    const rest = (await world.as('GET', `${rowsPath}?limit=30&after=30`)).body.data
    expect([...page, ...rest].map(({ no }) => no)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1))
    expect(page[0].row).toMatchObject({ line: 'LINE-A', confidence: 0.95 })
    expect((await world.as('DELETE', fill(cloudPaths.archiveRestore, { id }))).status).toBe(200)
    expect(await own('select no from core.restored_rows')).toEqual([])
    expect((await world.as('GET', rowsPath)).status).toBe(409)
  })

  it('that were read back are taken away when thirty days are over', async () => {
    const { world, own, list } = opened()
    const [, archive] = await list()
    const id = archive?.id ?? ''
    const { service } = world.cloud.archives
    const { signal } = new AbortController()
    await service.askRestore('demo', id, 'admin')
    await service.restore('demo', id, { signal, told: () => undefined })
    await own(`update core.archives set restored_until = now() - interval '100 years' where id = $1`, [id])
    expect((await world.as('GET', fill(cloudPaths.archiveRows, { id }))).status).toBe(409)
    expect(await service.tidy('demo', signal)).toBe(1)
    expect(await own('select no from core.restored_rows')).toEqual([])
    expect((await list())[1]?.restoration).toBeNull()
  })

  it('of more rows than a request takes away are on their way out, and the rest goes by a job', async () => {
    const { world, own, list } = opened()
    const [, archive] = await list()
    const id = archive?.id ?? ''
    await own(
      `update core.archives set restore_state = 'restored', restored_by = 'admin', restored_until = '2100-01-01' where id = $1`,
      [id],
    )
    await own(
      `insert into core.restored_rows (tenant_id, archive_id, no, row) select 'demo', $1, n, '{}' from generate_series(1, 50001) n`,
      [id],
    )
    expect((await world.as('DELETE', fill(cloudPaths.archiveRestore, { id }))).status).toBe(200)
    expect((await list())[1]?.restoration?.state).toBe('ending')
    expect(await own('select count(*)::int as n from core.restored_rows')).toEqual([{ n: 1 }])
    expect((await world.as('GET', fill(cloudPaths.archiveRows, { id }))).status).toBe(409)
    expect(await own(`select input from core.jobs where kind = 'archive.restore_end'`)).toEqual([
      { input: { archive_id: id } },
    ])
    await world.cloud.archives.service.takeAway('demo', id, new AbortController().signal)
    expect(await own('select no from core.restored_rows')).toEqual([])
    expect((await list())[1]?.restoration).toBeNull()
  })

  it('whose job has failed for good are said to have stopped, and are read back when they are asked for again', async () => {
    const { world, own, list } = opened()
    const [, archive] = await list()
    const id = archive?.id ?? ''
    const restore = fill(cloudPaths.archiveRestore, { id })
    await own(`update core.jobs set state = 'dead' where kind = 'archive.restore'`)
    const { service } = world.cloud.archives
    await service.askRestore('demo', id, 'admin')
    expect((await list())[1]?.restoration?.state).toBe('restoring')
    await own(`update core.jobs set state = 'dead' where kind = 'archive.restore'`)
    expect((await list())[1]?.restoration?.state).toBe('stopped')
    expect((await world.as('POST', restore)).status).toBe(200)
    expect((await list())[1]?.restoration?.state).toBe('restoring')
    expect((await world.as('POST', restore)).status).toBe(409)
    expect((await world.as('DELETE', restore)).status).toBe(200)
    expect((await list())[1]?.restoration).toBeNull()
  })
}
