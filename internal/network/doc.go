// Package network is Microsoft.Network as far as an isolated environment needs it:
// virtual networks with their subnets and peerings, network security groups with their rules,
// application security groups, private DNS zones, route tables with their routes, public addresses and prefixes,
// network interfaces, firewalls with network rules, gateways, NAT gateways, network
// watchers, and the policy that all of them together come to.
//
// The rules are pure checks over a request and what stands beside it (prefix.go,
// name.go, rule.go, route.go, subnet.go, firewall_rule.go); they report every problem at once, with
// the codes of network.md §A9. The functions of the types run them inside the
// resource manager's transaction and store versioned forms. Every change is
// synchronous: a PUT answers with provisioningState Succeeded.
//
// Subnets, rules and routes are resources of their own and members of the resource
// they are nested in, so that both ways to write and read them agree. A service
// that puts itself into a subnet says so with [AddLink] and leaves with
// [RemoveLinks]; what has an IP configuration there is one of its uses (use.go). A
// subnet with either cannot be deleted, moved, or given another delegation. Both
// sides of every reference are written in one transaction.
//
// [Policies] makes a netpol policy of everything that is stored (model.go). It is
// up to date for whoever has seen the answer of a change; what passes the checks of
// the types compiles. Watchers (watcher.go, diagnostic.go, connectivity.go) and effective rules (effective.go) read
// it. The package judges flows only when it is asked to; it never opens a socket.
package network
