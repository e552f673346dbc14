import { Component, type ErrorInfo, type ReactNode } from 'react'
import { ErrorNote } from './feedback.tsx'

interface Props {
  /** A new value tries the content again: the address of the page. */
  readonly resetKey: string
  readonly report: (error: unknown, where: string) => void
  readonly children: ReactNode
}

interface State {
  readonly error: unknown
  readonly resetKey: string
}

/** A part that fails shows its sentence; the alarms beside it stay. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: undefined, resetKey: this.props.resetKey }

  static getDerivedStateFromError(error: unknown): Partial<State> {
    return { error }
  }

  static getDerivedStateFromProps(props: Props, state: State): Partial<State> | null {
    return props.resetKey === state.resetKey ? null : { error: undefined, resetKey: props.resetKey }
  }

  override componentDidCatch(error: unknown, info: ErrorInfo) {
    this.props.report(error, info.componentStack ?? '')
  }

  override render() {
    if (this.state.error === undefined) return this.props.children
    return <ErrorNote error={this.state.error} onRetry={() => this.setState({ error: undefined })} />
  }
}
