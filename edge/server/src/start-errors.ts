import { ConfigError, describeError, isErrno, OperationalError } from '@jidoka/base'

/** What goes wrong with a data folder at the start, as a sentence; anything else as it is. */
export function folderError(folder: string, error: unknown): unknown {
  if (isErrno(error, 'ENOSPC', 'EDQUOT'))
    return new OperationalError(
      `The disk of the data folder ${folder} is full. Free some space, then start again; nothing is lost.`,
      { cause: error },
    )
  if (isErrno(error, 'EACCES', 'EPERM', 'EROFS'))
    return new OperationalError(
      `The data folder ${folder} cannot be written. Give this user the right to it, or set "data_folder" (JIDOKA_DATA) to another one.`,
      { cause: error },
    )
  if (isErrno(error, 'ENOTDIR', 'EEXIST'))
    return new OperationalError(`${folder} is not a folder. Set "data_folder" (JIDOKA_DATA) to one.`, { cause: error })
  return error
}

/** Adds to the sentence of a part, which knows nothing of the configuration, where its setting is. */
export function withSetting(error: unknown, setting: string): unknown {
  return error instanceof OperationalError
    ? new OperationalError(`${error.message} ${setting}`, { cause: error })
    : error
}

/** The last word of a program that cannot start. A person reads it: operational errors are their sentence, others are bugs and keep their stack. */
export function lastWord(error: unknown): string {
  if (error instanceof ConfigError && error.file !== undefined && !error.message.includes(error.file))
    return `${error.file}:\n${error.message}`
  if (error instanceof OperationalError) return error.message
  return `The appliance has a fault of its own and could not go on: ${error instanceof Error ? (error.stack ?? error.message) : describeError(error)}`
}
