// Package arm is the resource manager: it serves resources of any type over the
// API of Azure Resource Manager, and knows nothing about what they are.
//
// A [Type] says what a PUT means, when a DELETE is refused and how a resource is
// shown; everything else is done here, once for all types: IDs in any letter case
// that keep their creator's spelling, api-versions, ETags and preconditions,
// locations and tags, locks, parents and children, moves, long-running operations with
// their status documents, paging, filters, error bodies, authorisation, bounds on
// bodies, and resource groups, subscriptions and providers.
//
// A change of a resource is one transaction of the control database: the resource,
// its operation and its tasks become durable together or not at all. Whatever must
// happen outside that transaction is a task; the one who carries it out closes the
// operation with [Manager.Complete].
//
// [Manager] is the http.Handler. Its methods Put, Get, Delete and Post take the
// same way inside the process, with the same checks; deployments use them.
package arm
