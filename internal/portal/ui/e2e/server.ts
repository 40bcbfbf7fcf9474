/** Server is what `isle up --json` tells of the server under test. */
export interface Server {
  endpoint: string
  subscriptionId: string
  resourceGroup: string
  environment: string
  workflow: string
  callbackUrl: string
  userName: string
  password: string
}

/** theServer reads the line that the Go test handed on in ISLE_UP. */
export function theServer(): Server {
  const line = process.env.ISLE_UP
  if (line === undefined) throw new Error("ISLE_UP must have the line that `isle up --json` printed; `go test -tags real -run TestRealPortal ./cmd/isle` sets it")
  return JSON.parse(line) as Server
}

/** groupPath is the ID of a resource group of the server's subscription. */
export function groupPath(server: Server, group = server.resourceGroup): string {
  return `/subscriptions/${server.subscriptionId}/resourceGroups/${group}`
}
