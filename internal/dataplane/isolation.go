package dataplane

// Isolation says how much of the policy a way of enforcing it can hold.
type Isolation struct {
	Mode     string   `json:"mode"`
	Isolated bool     `json:"isolated"`
	Reasons  []string `json:"reasons"` // why not, a sentence each
}

// Isolation of an environment by Inproc, "" for all of them: it judges what asks it, and
// nothing else can be told to. Behind a wall it is the wall's.
func (n *Inproc) Isolation(environment string) Isolation {
	if n.inner != nil {
		return n.inner.wall.Isolation(environment)
	}
	return Isolation{Mode: "inproc", Reasons: []string{
		"The network policy is enforced inside this process: it judges what Isle's own triggers, actions and access endpoint dial, accept and look up.",
		"Other programs on this host, and machines attached to the network, reach each other past the policy; only the host's own firewall can keep them apart.",
		"What lies behind a gateway of the network, or has a route with next hop Internet, is reached by the routing of this host.",
		"The policy judges the beginning of a flow: one that is under way goes on when a rule changes.",
	}}
}
