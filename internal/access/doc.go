// Package access is who may do what: the provider Microsoft.Authorization with role
// definitions and role assignments, and the decision that follows from them.
//
// A role assignment gives a role to a principal at a scope and everything below it; a
// role allows what its actions match and its notActions do not. Roles only add: what
// one assignment leaves out, another may give. [Service] decides from a copy in memory
// that a committed change replaces, so a decision costs microseconds, and a change is
// in force for whoever has seen its answer.
//
// What is kept: assignments and custom roles as resources of the control database, the
// assignments as extensions of what they are at. The built-in roles are a list here.
package access
