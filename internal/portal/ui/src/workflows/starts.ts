/** Start is what a new logic app begins with. */
export interface Start {
  readonly key: string
  readonly title: string
  readonly text: string
  readonly triggers: unknown
  readonly actions: unknown
}

/** $schema is how a definition says which version of the language it is written in. */
export const $schema = 'https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#'

/** starts are the definitions that the portal offers to begin with. */
export const starts: readonly Start[] = [
  {
    key: 'request',
    title: 'Request and response',
    text: 'Called by a URL, and answers.',
    triggers: { manual: { type: 'Request', kind: 'Http', inputs: { schema: { type: 'object', properties: { name: { type: 'string' } } } } } },
    actions: { Response: { type: 'Response', kind: 'Http', inputs: { statusCode: 200, body: { message: "@concat('Hello, ', triggerBody()?['name'])" } }, runAfter: {} } },
  },
  {
    key: 'schedule',
    title: 'On a schedule',
    text: 'Fires every hour.',
    triggers: { Recurrence: { type: 'Recurrence', recurrence: { frequency: 'Hour', interval: 1 } } },
    actions: { Compose: { type: 'Compose', inputs: '@utcNow()', runAfter: {} } },
  },
  {
    key: 'empty',
    title: 'Nothing but a trigger',
    text: 'Called by a URL; the rest is yours.',
    triggers: { manual: { type: 'Request', kind: 'Http', inputs: { schema: {} } } },
    actions: {},
  },
]

/** definitionOf is the definition that a start makes. */
export function definitionOf({ triggers, actions }: Start): unknown {
  return { $schema, contentVersion: '1.0.0.0', parameters: {}, triggers, actions, outputs: {} }
}
