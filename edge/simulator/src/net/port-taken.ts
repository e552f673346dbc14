import { isErrno, OperationalError } from '@jidoka/base'

export class PortTakenError extends OperationalError {
  override name = 'PortTakenError'
  readonly port: number

  constructor(what: string, port: number, options?: ErrorOptions) {
    super(
      `The port ${port} for ${what} is taken. Stop the program that has it, or choose another port (0 takes any free one).`,
      options,
    )
    this.port = port
  }

  /** A taken or forbidden port becomes a sentence; any other error stays as it is. */
  static from(what: string, port: number, cause: Error): Error {
    return isErrno(cause, 'EADDRINUSE', 'EACCES') ? new PortTakenError(what, port, { cause }) : cause
  }
}
