import { urlChoice } from '@jidoka/ui'

/** What of the board stands in its URL: a wall screen is started with `/?view=wall`. */
export const boardFields = { view: urlChoice(['list', 'wall'], 'list') }
