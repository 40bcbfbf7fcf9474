package kernel_test

import (
	"strings"
	"testing"
)

// spokes are two networks, and a hub with a firewall that is between them: their default
// routes lead to it, and it has one to each of them by its peerings.
const spokes = `
network 10.1.0.0/16
subnet a 10.1.0.0/24 - over
network 10.2.0.0/16 two
subnet b 10.2.0.0/24 - over
network 10.0.0.0/16 hub
subnet c 10.0.0.0/24 - -
subnet AzureFirewallSubnet 10.0.8.0/26 - -
nic one a 10.1.0.4 -
nic two b 10.2.0.4 -
nic hub c 10.0.0.4 -
route over all 0.0.0.0/0 VirtualAppliance 10.0.8.4
firewall fw AzureFirewallSubnet 10.0.8.4 203.0.113.9
netrule fw c 100 Allow spokes Tcp * * 9000
`

// Routers of peered networks are linked, and the links go with the peerings.
func TestPeeredNetworksReachEachOther(t *testing.T) {
	k, tag := openTag(t, "peer")
	const hub, forwarded = "peer vnet hub forwarded\npeer hub vnet\n", "peer two hub forwarded\npeer hub two\n"
	peered := machines(t, spokes+hub+forwarded, nil)
	apply(t, k, peered)
	for _, at := range []struct{ nic, address string }{{"hub", "10.0.0.4:9000"}, {"two", "10.2.0.4:9000"}, {"two", "10.2.0.4:9001"}} {
		echo(t, machine(tag, at.nic), at.address)
	}
	straight, through := dial(t, machine(tag, "one"), "10.0.0.4:9000"), dial(t, machine(tag, "one"), "10.2.0.4:9000")
	alive(t, straight)
	alive(t, through)
	refuses(t, machine(tag, "one"), "10.2.0.4:9001")
	holds(t, k, tag, peered)

	apply(t, k, machines(t, spokes+hub+strings.Replace(forwarded, "forwarded", "", 1), nil))
	refuses(t, machine(tag, "one"), "10.2.0.4:9000")
	alive(t, straight)

	apart := machines(t, spokes+hub, nil)
	apply(t, k, apart)
	alive(t, straight)
	holds(t, k, tag, apart)
	apply(t, k, peered)
	alive(t, dial(t, machine(tag, "one"), "10.2.0.4:9000"))
	if again := apply(t, k, peered); len(again.Changes) > 0 {
		t.Errorf("again changes %v", again.Changes)
	}
}

// A peering without access is for flows that a security group judges: between it and
// machines at which none stands, nothing goes either way.
func TestAPeeringWithoutAccessIsForGuardedMachines(t *testing.T) {
	k, tag := openTag(t, "shut")
	const text = `
network 10.1.0.0/16
subnet a 10.1.0.0/24 - -
network 10.0.0.0/16 hub
subnet plain 10.0.0.0/24 - -
subnet guarded 10.0.1.0/24 group -
nic one a 10.1.0.4 -
nic plain plain 10.0.0.4 -
nic guarded guarded 10.0.1.4 -
nsg group
rule group in 100 In Allow Tcp 10.1.0.0/24 * * 9000
rule group out 100 Out Allow Tcp * * 10.1.0.0/24 9000
peer vnet hub
`
	shut := machines(t, text+"peer hub vnet closed\n", nil)
	apply(t, k, shut)
	for nic, address := range map[string]string{"one": "10.1.0.4:9000", "plain": "10.0.0.4:9000", "guarded": "10.0.1.4:9000"} {
		echo(t, machine(tag, nic), address)
	}
	alive(t, dial(t, machine(tag, "one"), "10.0.1.4:9000"))
	alive(t, dial(t, machine(tag, "guarded"), "10.1.0.4:9000"))
	refuses(t, machine(tag, "one"), "10.0.0.4:9000")
	refuses(t, machine(tag, "plain"), "10.1.0.4:9000")
	holds(t, k, tag, shut)

	apply(t, k, machines(t, text+"peer hub vnet\n", nil))
	alive(t, dial(t, machine(tag, "one"), "10.0.0.4:9000"))
	alive(t, dial(t, machine(tag, "plain"), "10.1.0.4:9000"))
}
