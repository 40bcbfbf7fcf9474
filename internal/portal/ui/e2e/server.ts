import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Server is what `isle up --json` tells of the server under test, and who signs in to it, as operator.json says. */
export interface Server {
  endpoint: string
  tenantId: string
  clientId: string
  clientSecret: string
  subscriptionId: string
  resourceGroup: string
  caFile: string
  environment: string
  workflow: string
  callbackUrl: string
  userName: string
  password: string
  program: string // isle itself
}

/** theServer reads the line that the Go test handed on in ISLE_UP. */
export function theServer(): Server {
  const line = process.env.ISLE_UP
  if (line === undefined) throw new Error("ISLE_UP must have the line that `isle up --json` printed; `go test -tags real -run TestRealPortal ./cmd/isle` sets it")
  const up = JSON.parse(line) as Omit<Server, 'userName' | 'password' | 'program'>
  const { userName, password } = JSON.parse(readFileSync(join(dirname(up.caFile), 'operator.json'), 'utf8')) as Pick<Server, 'userName' | 'password'>
  return { ...up, userName, password, program: process.env.ISLE_PROGRAM ?? '' }
}

/** groupPath is the ID of a resource group of the server's subscription. */
export function groupPath(server: Server, group = server.resourceGroup): string {
  return `/subscriptions/${server.subscriptionId}/resourceGroups/${group}`
}
