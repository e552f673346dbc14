/** The sentence of a dead letter whose time cannot be: which time, and whose clock to look at. */
export function timeTooFar(timeMs: number, nowMs: number, which: string, whose: string): string {
  if (!Number.isFinite(timeMs) || Math.abs(timeMs) > 8.64e15) return `${which} ${timeMs} is no instant`
  const side = timeMs > nowMs ? 'ahead of' : 'behind'
  return `${which} ${new Date(timeMs).toISOString()} is too far ${side} this appliance's clock (${new Date(nowMs).toISOString()}); set the clock of ${whose} or of the appliance`
}
