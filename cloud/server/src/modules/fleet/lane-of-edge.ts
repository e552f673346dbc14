/** One life of an edge whose rows are being stored, and the instant at which they came. */
export interface LaneOfEdge {
  edgeId: string
  epoch: string
  receivedAt: string
}
