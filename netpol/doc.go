// Package netpol is the network policy of virtual networks as a pure value. Given
// a flow it answers allow or deny, and the rule or route that decided.
//
// A [Model] is plain data: virtual networks with their subnets and peerings, network security
// groups, route tables, interfaces, firewalls and service tags. [Compile] turns it
// into a [Policy], or tells every problem the model has. A Policy is immutable and
// safe for any number of goroutines; who changes the model compiles a new one and
// replaces the old as a whole. A change of a rule concerns new flows.
//
// The question is asked of one [Network], because the address spaces of different
// networks may overlap:
//
//	Evaluate         verdict and reason of a flow, without allocation
//	Verify           the security groups at one end only (IP flow verify)
//	NextHop          where the route of a flow leads
//	Trace            all stages of a flow in the order it passes them
//	Explain          every rule of every group on the way, and which of its five
//	                 conditions the flow meets
//	EffectiveRoutes  what a subnet's routes come to, losers included
//	EffectiveRules   what a group comes to, service tags expanded
//	Group, Firewall  what a group or a firewall comes to, as a packet filter takes it
//	RequiredAccess   which flows an integration service environment needs, and
//	                 which rule blocks them
//	MissingRules     the rules that would open what security groups block
//
// A flow passes these stages: security group of the source's interface, then of
// its subnet; the route of the source's subnet, through firewalls and appliances
// where it leads there; then the security group of the destination's subnet, then
// of its interface (reference network.md §A3, §C3). Every stage must allow it. The
// first packet is what is judged: replies need no rule. Where a route leads into a peered
// network, the flow goes on there: [Network.Reach] lists the networks it can end in.
//
// Service tags are named sets of prefixes ([DecodeTags] reads the public file);
// VirtualNetwork and Internet are computed for each network. A tag without
// prefixes stands for one address of 240.0.0.0/4, which no host has: so a rule
// that names the tag still has something to decide, and RequiredAccess can judge
// what has no address because it lives in the process.
//
// The package does no I/O, reads no clock, starts no goroutine and keeps no state.
// A firewall's application rules decide by the name that a flow's client asks for, which
// the caller gives with the flow when it is known: without it the answer is no, and the
// reason [NameUnknown]. Not modelled: admin rules of a network manager.
package netpol
