import { Fragment, useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { useUiMessages } from '../context/ui-context.tsx'

export interface Column<Row> {
  readonly key: string
  readonly header: ReactNode
  readonly align?: 'left' | 'right'
  readonly width?: string
  /** Present: the header sorts. */
  readonly compare?: (one: Row, other: Row) => number
  readonly cell: (row: Row) => ReactNode
}

export interface Sort {
  readonly key: string
  readonly down: boolean
}

export interface TableProps<Row> {
  /** What the table is, for those who hear it; shown when `captionShown`. */
  readonly caption: string
  readonly captionShown?: boolean
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly rowKey: (row: Row) => string
  /** Rows are chosen by a click, Enter or Space; arrows, Home and End move between them. */
  readonly onChoose?: (row: Row) => void
  readonly chosenKey?: string | null
  /** Keys beyond those, on the row that has focus. */
  readonly onRowKey?: (row: Row, event: KeyboardEvent<HTMLTableRowElement>) => void
  /** Rows must come in the order of their groups. */
  readonly groupOf?: (row: Row) => { readonly key: string; readonly label: ReactNode }
  /** Rows of touch height. */
  readonly roomy?: boolean
  /** Where the sort is kept by the caller (in the URL); else the table keeps it. */
  readonly sort?: Sort | null
  readonly onSort?: (sort: Sort | null) => void
}

export function Table<Row>(props: TableProps<Row>) {
  const { columns, rows, rowKey, onChoose, chosenKey = null, groupOf, roomy = false } = props
  const t = useUiMessages()
  const captionId = useId()
  const body = useRef<HTMLTableSectionElement>(null)
  const [ownSort, setOwnSort] = useState<Sort | null>(null)
  const sort = props.sort === undefined ? ownSort : props.sort
  const [focusKey, setFocusKey] = useState<string | null>(null)

  const compare = columns.find((column) => column.key === sort?.key)?.compare
  const shown =
    compare && sort ? rows.toSorted((one, other) => (sort.down ? -compare(one, other) : compare(one, other))) : rows
  const keys = shown.map(rowKey)
  // One row takes part in the tab order: the one that was last focused, else the chosen one, else the first.
  const tabKey = [focusKey, chosenKey].find((key) => key !== null && keys.includes(key)) ?? keys[0]

  const changeSort = (key: string) => {
    const next = sort?.key !== key ? { key, down: false } : sort.down ? null : { key, down: true }
    if (props.onSort) props.onSort(next)
    else setOwnSort(next)
  }

  const onKeyDown = (row: Row, index: number, event: KeyboardEvent<HTMLTableRowElement>) => {
    // A key pressed in a control of the row belongs to that control.
    if (event.target !== event.currentTarget) return
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      Home: 0,
      End: shown.length - 1,
    }
    const target = moves[event.key]
    if (target !== undefined) {
      event.preventDefault()
      const rowElements = body.current?.querySelectorAll<HTMLTableRowElement>('tr[data-row]')
      rowElements?.[Math.max(0, Math.min(shown.length - 1, target))]?.focus()
    } else if (onChoose && (event.key === 'Enter' || event.key === ' ')) {
      event.preventDefault()
      onChoose(row)
    } else props.onRowKey?.(row, event)
  }

  const groups = shown.map((row) => groupOf?.(row))
  const interactive = onChoose !== undefined || props.onRowKey !== undefined
  // What is wider than its frame is scrolled from its rows by the arrow keys; where no row takes focus, the frame does.
  const frame = interactive ? {} : { tabIndex: 0, role: 'group', 'aria-labelledby': captionId }
  return (
    <div className="table-frame" {...frame}>
      <table className={roomy ? 'table table-roomy' : 'table'}>
        <caption id={captionId} className={props.captionShown ? '' : 'visually-hidden'}>
          {props.caption}
        </caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                className={column.align === 'right' ? 'number' : ''}
                style={column.width ? { width: column.width } : {}}
                aria-sort={
                  column.compare && sort?.key === column.key ? (sort.down ? 'descending' : 'ascending') : undefined
                }
              >
                {column.compare ? (
                  <button type="button" className="table-sort" onClick={() => changeSort(column.key)}>
                    {column.header}
                    {sort?.key === column.key ? (
                      <span aria-label={t(sort.down ? 'table.sorted_down' : 'table.sorted_up')}>
                        {sort.down ? ' ↓' : ' ↑'}
                      </span>
                    ) : null}
                  </button>
                ) : (
                  column.header
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {shown.map((row, index) => {
            const key = rowKey(row)
            const group = groups[index]
            const newGroup = group !== undefined && group.key !== groups[index - 1]?.key
            return (
              <Fragment key={key}>
                {newGroup ? (
                  <tr className="table-group">
                    <th scope="colgroup" colSpan={columns.length}>
                      {group.label}
                    </th>
                  </tr>
                ) : null}
                <tr
                  data-row={key}
                  className={[onChoose ? 'table-row-open' : '', key === chosenKey ? 'table-row-chosen' : '']
                    .filter(Boolean)
                    .join(' ')}
                  aria-selected={onChoose ? key === chosenKey : undefined}
                  {...(interactive
                    ? {
                        tabIndex: key === tabKey ? 0 : -1,
                        onFocus: () => setFocusKey(key),
                        onKeyDown: (event: KeyboardEvent<HTMLTableRowElement>) => onKeyDown(row, index, event),
                      }
                    : {})}
                  {...(onChoose ? { onClick: () => onChoose(row) } : {})}
                >
                  {columns.map((column) => (
                    <td key={column.key} className={column.align === 'right' ? 'number' : ''}>
                      {column.cell(row)}
                    </td>
                  ))}
                </tr>
              </Fragment>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

/** Names and values beside each other. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  )
}
