package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/internal/arm"
	"isle/internal/dataplane"
	"isle/internal/kernel"
	"isle/netpol"
)

var (
	changesSeed = flag.Uint64("changes-seed", 0, "draw the changes of TestForecastsOfRandomChanges again that this seed gave; 0 draws others")
	changes     = flag.Int("changes", 200, "how many changes TestForecastsOfRandomChanges draws for each data plane")
)

// TestForecastsOfRandomChanges: of random changes of every kind that there is, a what-if
// says which calls would fail and which would get through; then the change is made, the
// calls are made again, and it is so, each for the reason that was told. What the what-if
// refuses is refused, with the same code, and nothing else is. All of it goes through the
// resource manager and its store, and the calls are dials: to listeners where somebody is
// there, of which the one that is meant must answer.
func TestForecastsOfRandomChanges(t *testing.T) {
	for _, mode := range []string{DataPlaneInproc, DataPlaneKernel} {
		t.Run(mode, func(t *testing.T) {
			w := newChanging(t, mode)
			for i := range *changes {
				w.round(i)
				if t.Failed() {
					t.FailNow()
				}
			}
			w.tell()
		})
	}
}

// changing is a server whose networks change.
type changing struct {
	*rand.Rand
	t        *testing.T
	s        *Server
	group    string // ID
	network  string // the IDs of its networks' resources begin so
	ids      [2]string
	public   map[string]string // addresses of firewalls, by their public address' name
	seen     map[string]int
	mode     string
	listens  map[string]string // the real addresses of listeners, by private host and port
	there    map[string]bool   // interfaces that are there, by ID
	made     []string          // the changes so far, for who looks into what went wrong
	finished context.Context
}

// The networks: net has two environments in eight subnets, machines, one that forwards, and
// a firewall; hub has a machine and a firewall as well.
func newChanging(t *testing.T, mode string) *changing {
	data := t.TempDir()
	if mode == DataPlaneKernel {
		if err := kernel.Unavailable(kernel.Probe(t.Context())); err != nil {
			t.Skipf("SKIPPED: %v", err)
		}
		t.Cleanup(func() {
			tag, err := KernelTag(data)
			if err == nil {
				err = kernel.Down(context.Background(), tag)
			}
			if err != nil {
				t.Errorf("the kernel is not as it was: %v", err)
			}
		})
	}
	seed := cmp.Or(*changesSeed, rand.Uint64())
	t.Logf("drawn with -changes-seed %d", seed)
	w := &changing{Rand: rand.New(rand.NewPCG(seed, 0)), t: t, s: startIn(t, data, mode), public: map[string]string{}, seen: map[string]int{}, mode: mode, listens: map[string]string{}, there: map[string]bool{}}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	w.finished = ended
	w.s.policies.SetThreats(netpol.Threats{Prefixes: []netip.Prefix{netip.MustParsePrefix("198.51.100.64/26")}, Names: []string{"bad.corp.test"}})
	w.group = "/subscriptions/" + w.s.issuer.Subscription() + "/resourceGroups/g"
	w.network = w.group + "/providers/Microsoft.Network/"
	put(t, w.s, w.group, "2020-01-01", `{"location":"local"}`)
	for _, name := range []string{"fwip", "hubip", "natip"} {
		put(t, w.s, w.network+"publicIPAddresses/"+name, "2024-05-01", `{"location":"local","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static"}}`)
		found, err := w.s.manager.Get(t.Context(), w.s.principal(), w.network+"publicIPAddresses/"+name, "2024-05-01")
		w.must(err)
		w.public[name] = at(found.Body, "properties", "ipAddress")
	}
	for _, c := range []arm.Try{w.groupBody("web", true), w.groupBody("inner", true), w.asg("one"), w.asg("two"), w.table("way", true), w.table("hubway", true), w.nat(), w.ipGroup(),
		w.policy("base", ""), w.policy("child", "base"), w.wholeNetwork(), w.wholeHub()} {
		w.make(c)
	}
	w.environments()
	w.machines()
	for _, number := range []int{0, 1, 4, 5, 8} { // a new environment would need rules that these groups lack
		w.make(w.associated("net", number))
	}
	for _, c := range []arm.Try{w.peering("net", "hub"), w.peering("hub", "net"), {ID: w.network + "privateDnsZones/corp.test", APIVersion: zoneVersion, Body: []byte(`{"location":"global"}`)}, w.link(), w.record(),
		w.firewall("fw", "net", "fwip"), w.firewall("hubfw", "hub", "hubip"), w.ruleGroup()} {
		w.make(c)
	}
	return w
}

const zoneVersion = "2024-06-01"

func startIn(t *testing.T, data, mode string) *Server {
	s, err := Start(t.Context(), Config{Data: data, Listen: "127.0.0.1:0", DataPlane: mode, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func (w *changing) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *changing) one(of ...string) string { return of[w.IntN(len(of))] }

// ref is a member that refers to a resource.
func (w *changing) ref(member, path string) string {
	return fmt.Sprintf(`,%q:{"id":%q}`, member, w.network+path)
}

func (w *changing) try(path, body string) arm.Try {
	return arm.Try{ID: w.network + path, APIVersion: "2024-05-01", Body: []byte(body)}
}

func gone(c arm.Try) arm.Try { return arm.Try{ID: c.ID, APIVersion: c.APIVersion, Delete: true} }

// make makes a change and waits until what goes on behind its answer has ended.
func (w *changing) make(c arm.Try) {
	w.t.Helper()
	if err := w.apply(c); err != nil {
		w.t.Fatalf("%s %s: %v", c.ID, c.Body, err)
	}
}

func (w *changing) apply(c arm.Try) error {
	var err error
	if c.Delete {
		_, err = w.s.manager.Delete(w.t.Context(), w.s.principal(), c.ID, c.APIVersion)
	} else {
		_, err = w.s.manager.Put(w.t.Context(), w.s.principal(), c.ID, c.APIVersion, c.Body)
	}
	if err != nil {
		return err
	}
	w.there[c.ID] = !c.Delete
	w.made = append(w.made, fmt.Sprintf("%s (deleted %t) %s", strings.TrimPrefix(c.ID, w.network), c.Delete, c.Body))
	eventually(w.t, c.ID+" has settled", func() bool {
		found, err := w.s.manager.Get(w.t.Context(), w.s.principal(), c.ID, c.APIVersion)
		if c.Delete { // what is registered comes to light again
			return err != nil || strings.EqualFold(at(found.Body, "properties", "isAutoRegistered"), "true")
		}
		w.must(err)
		state := at(found.Body, "properties", "provisioningState")
		return state == "" || state == "Succeeded"
	})
	return nil
}

// side is one side of a security rule.
func (w *changing) side(name string) string {
	if w.IntN(6) == 0 {
		return fmt.Sprintf(`%q:[{"id":%q}]`, name+"ApplicationSecurityGroups", w.network+"applicationSecurityGroups/"+w.one("one", "two"))
	}
	return fmt.Sprintf(`%q:%q`, name+"AddressPrefix", w.one("*", "*", "*", "VirtualNetwork", "Internet", "10.0.0.0/27", "10.0.9.0/24", "10.0.9.50", "10.1.0.0/16", "198.51.100.0/24", "Storage"))
}

func (w *changing) ruleProperties() string {
	return fmt.Sprintf(`{"priority":%d,"direction":%q,"access":%q,"protocol":%q,%s,"sourcePortRange":"*",%s,"destinationPortRange":%q}`, 100+w.IntN(40), w.one("Inbound", "Outbound"), w.one("Allow", "Deny"),
		w.one("*", "Tcp", "Udp"), w.side("source"), w.side("destination"), w.one("*", "*", "443", "8000-8100", "53"))
}

func (w *changing) groupBody(name string, empty bool) arm.Try {
	var rules []string
	for i := range w.IntN(3) {
		if !empty {
			rules = append(rules, fmt.Sprintf(`{"name":"r%d","properties":%s}`, i, w.ruleProperties()))
		}
	}
	return w.try("networkSecurityGroups/"+name, `{"location":"local","properties":{"securityRules":[`+strings.Join(rules, ",")+`]}}`)
}

func (w *changing) rule() arm.Try {
	return w.try("networkSecurityGroups/"+w.one("web", "inner")+"/securityRules/"+w.one("x", "y", "z"), `{"properties":`+w.ruleProperties()+`}`)
}

func (w *changing) asg(name string) arm.Try {
	return w.try("applicationSecurityGroups/"+name, `{"location":"local"}`)
}

func (w *changing) routeProperties(hub bool) string {
	next, hop := "10.0.4.4", w.one("VirtualAppliance", "VirtualAppliance", "Internet", "None", "VnetLocal")
	if hub {
		next = "10.1.4.4"
	} else if w.IntN(3) == 0 {
		next = w.one("10.0.9.60", "10.1.4.4", "10.0.9.77")
	}
	address := ""
	if hop == "VirtualAppliance" {
		address = fmt.Sprintf(`,"nextHopIpAddress":%q`, next)
	}
	return fmt.Sprintf(`{"addressPrefix":%q,"nextHopType":%q%s}`, w.one("0.0.0.0/0", "198.51.100.0/24", "10.0.9.0/24", "10.1.0.0/16", "10.0.0.0/16", "203.0.113.0/24"), hop, address)
}

func (w *changing) table(name string, empty bool) arm.Try {
	routes := ""
	if !empty && w.IntN(3) > 0 {
		routes = `{"name":"r","properties":` + w.routeProperties(name == "hubway") + `}`
	}
	return w.try("routeTables/"+name, `{"location":"local","properties":{"disableBgpRoutePropagation":`+w.one("true", "false")+`,"routes":[`+routes+`]}}`)
}

func (w *changing) route() arm.Try {
	name := w.one("way", "way", "hubway")
	return w.try("routeTables/"+name+"/routes/"+w.one("x", "y"), `{"properties":`+w.routeProperties(name == "hubway")+`}`)
}

func (w *changing) nat() arm.Try {
	return w.try("natGateways/nat", `{"location":"local","sku":{"name":"Standard"},"properties":{"publicIpAddresses":[{"id":"`+w.network+`publicIPAddresses/natip"}]}}`)
}

func (w *changing) ipGroup() arm.Try {
	return w.try("ipGroups/ranges", fmt.Sprintf(`{"location":"local","properties":{"ipAddresses":[%q]}}`, w.one("10.0.0.0/24", "10.0.0.0/27", "10.0.9.50", "198.51.100.0/25")))
}

// subnetOf is a subnet of a network by its number, with what is associated with it.
func (w *changing) subnetOf(network string, number int, plain bool) (name, properties string) {
	name, prefix := fmt.Sprint("s", number), fmt.Sprintf("10.0.0.%d/27", 32*number)
	switch number {
	case 8:
		name, prefix = "machines", "10.0.9.0/24"
	case 9:
		name, prefix = "AzureFirewallSubnet", "10.0.4.0/26"
	case 10:
		name, prefix = "extra", "10.0.5.0/24"
	}
	if network == "hub" {
		prefix = strings.Replace(prefix, "10.0.", "10.1.", 1)
	}
	properties = fmt.Sprintf(`{"addressPrefix":%q`, prefix)
	if number < 8 && number%4 == 0 {
		properties += `,"delegations":[{"name":"ise","properties":{"serviceName":"Microsoft.Logic/integrationServiceEnvironments"}}]`
	}
	if plain {
		return name, properties + "}"
	}
	if number != 9 && w.IntN(4) > 0 {
		properties += w.ref("networkSecurityGroup", "networkSecurityGroups/"+w.one("web", "inner"))
	}
	if w.IntN(2) == 0 {
		properties += w.ref("routeTable", "routeTables/"+map[string]string{"net": "way", "hub": "hubway"}[network])
	}
	if network == "net" && w.IntN(4) == 0 {
		properties += w.ref("natGateway", "natGateways/nat")
	}
	if w.IntN(4) == 0 {
		properties += `,"serviceEndpoints":[{"service":"Microsoft.Storage"}]`
	}
	return name, properties + "}"
}

func (w *changing) subnet() arm.Try {
	network, number := "net", []int{0, 0, 1, 2, 4, 5, 8, 8, 9, 10}[w.IntN(10)]
	if w.IntN(5) == 0 {
		network, number = "hub", 8+w.IntN(2)
	}
	return w.associated(network, number)
}

// associated is a subnet with what is drawn for it.
func (w *changing) associated(network string, number int) arm.Try {
	name, properties := w.subnetOf(network, number, false)
	return w.try("virtualNetworks/"+network+"/subnets/"+name, `{"properties":`+properties+`}`)
}

func (w *changing) networkBody(name, space string, numbers ...int) arm.Try {
	var subnets []string
	for _, n := range numbers {
		subnet, properties := w.subnetOf(name, n, true)
		subnets = append(subnets, fmt.Sprintf(`{"name":%q,"properties":%s}`, subnet, properties))
	}
	return w.try("virtualNetworks/"+name, `{"location":"local","properties":{"addressSpace":{"addressPrefixes":[`+space+`]},"subnets":[`+strings.Join(subnets, ",")+`]}}`)
}

func (w *changing) wholeNetwork() arm.Try {
	return w.networkBody("net", `"10.0.0.0/16"`, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
}

func (w *changing) wholeHub() arm.Try { return w.networkBody("hub", `"10.1.0.0/16"`, 8, 9) }

func (w *changing) peering(from, to string) arm.Try {
	flag := func() string { return w.one("true", "true", "true", "false") }
	return w.try("virtualNetworks/"+from+"/virtualNetworkPeerings/"+to, fmt.Sprintf(`{"properties":{"remoteVirtualNetwork":{"id":%q},"allowVirtualNetworkAccess":%s,"allowForwardedTraffic":%s,"allowGatewayTransit":false,"useRemoteGateways":false}}`,
		w.network+"virtualNetworks/"+to, flag(), flag()))
}

// networkRule is a network rule of a firewall; protocols is the member that has them.
func (w *changing) networkRule(protocols string) string {
	source := `"sourceAddresses":["*"]`
	if w.IntN(4) == 0 {
		source = `"sourceIpGroups":["` + w.network + `ipGroups/ranges"]`
	}
	return fmt.Sprintf(`{"ruleType":"NetworkRule","name":"n",%q:[%q],%s,"destinationAddresses":[%q],"destinationPorts":[%q]}`, protocols, w.one("TCP", "Any"), source,
		w.one("*", "*", "198.51.100.0/24", "10.0.9.0/24", "10.1.0.0/16", "168.63.129.16"), w.one("*", "*", "443", "8000-8100"))
}

func (w *changing) natRule(protocols, public string) string {
	to, port, _ := strings.Cut(w.one("10.0.9.50:8001", "10.1.9.50:8002", "10.0.9.77:1"), ":")
	return fmt.Sprintf(`{"ruleType":"NatRule","name":"t",%q:["TCP"],"sourceAddresses":["*"],"destinationAddresses":[%q],"destinationPorts":[%q],"translatedAddress":%q,"translatedPort":%q}`, protocols, w.public[public], w.one("443", "8001"), to, port)
}

func (w *changing) nameRule() string {
	return fmt.Sprintf(`{"ruleType":"ApplicationRule","name":"u","sourceAddresses":["*"],"protocols":[{"protocolType":"Https","port":443},{"protocolType":"Http","port":%s}],"targetFqdns":[%q]}`, w.one("8001", "8002"), w.one("*", "*.corp.test", "near.corp.test"))
}

// firewall is one with rules of its own, or of the policy.
func (w *changing) firewall(name, network, public string) arm.Try {
	properties := fmt.Sprintf(`"ipConfigurations":[{"name":"c","properties":{"subnet":{"id":%q},"publicIPAddress":{"id":%q}}}]`, w.network+"virtualNetworks/"+network+"/subnets/AzureFirewallSubnet", w.network+"publicIPAddresses/"+public)
	if w.IntN(2) == 0 {
		properties += w.ref("firewallPolicy", "firewallPolicies/child")
	} else {
		collection := func(member, rule string, action string) string {
			if w.IntN(3) == 0 {
				return ""
			}
			return fmt.Sprintf(`,%q:[{"name":"c","properties":{"priority":100,"action":{"type":%q},"rules":[%s]}}]`, member, action, rule)
		}
		properties += fmt.Sprintf(`,"threatIntelMode":%q`, w.one("Off", "Alert", "Deny")) + collection("natRuleCollections", w.natRule("protocols", public), "Dnat") +
			collection("networkRuleCollections", w.networkRule("protocols"), w.one("Allow", "Allow", "Deny")) + collection("applicationRuleCollections", w.nameRule(), w.one("Allow", "Deny"))
	}
	return w.try("azureFirewalls/"+name, `{"location":"local","properties":{`+properties+`}}`)
}

func (w *changing) policy(name, base string) arm.Try {
	properties := fmt.Sprintf(`"sku":{"tier":"Standard"},"threatIntelMode":%q`, map[string]string{"base": "Off", "child": w.one("Off", "Alert", "Deny")}[name])
	if base != "" && w.IntN(3) > 0 {
		properties += w.ref("basePolicy", "firewallPolicies/"+base)
	}
	if name == "child" && w.IntN(3) == 0 {
		properties += `,"threatIntelWhitelist":{"ipAddresses":["198.51.100.70"],"fqdns":["bad.corp.test"]}`
	}
	return w.try("firewallPolicies/"+name, `{"location":"local","properties":{`+properties+`}}`)
}

func (w *changing) ruleGroup() arm.Try {
	collection := func(kind, action, rule string, priority int) string {
		return fmt.Sprintf(`{"ruleCollectionType":"FirewallPolicy%sRuleCollection","name":"c%d","priority":%d,"action":{"type":%q},"rules":[%s]}`, kind, priority, priority, action, rule)
	}
	all := []string{collection("Nat", "DNAT", w.natRule("ipProtocols", w.one("fwip", "hubip")), 100), collection("Filter", w.one("Allow", "Allow", "Deny"), w.networkRule("ipProtocols"), 200), collection("Filter", w.one("Allow", "Deny"), w.nameRule(), 300)}
	var some []string
	for _, c := range all {
		if w.IntN(3) > 0 {
			some = append(some, c)
		}
	}
	return w.try("firewallPolicies/"+w.one("base", "child", "child")+"/ruleCollectionGroups/"+w.one("a", "b"), fmt.Sprintf(`{"properties":{"priority":%d,"ruleCollections":[%s]}}`, 200+100*w.IntN(3), strings.Join(some, ",")))
}

func (w *changing) record() arm.Try {
	return arm.Try{ID: w.network + "privateDnsZones/corp.test/A/" + w.one("near", "near", "far", "bad"), APIVersion: zoneVersion,
		Body: fmt.Appendf(nil, `{"properties":{"ttl":30,"aRecords":[{"ipv4Address":%q}]}}`, w.one("10.0.9.50", "10.1.9.50", "10.0.9.77"))}
}

func (w *changing) link() arm.Try {
	return arm.Try{ID: w.network + "privateDnsZones/corp.test/virtualNetworkLinks/net", APIVersion: zoneVersion,
		Body: []byte(`{"location":"global","properties":{"virtualNetwork":{"id":"` + w.network + `virtualNetworks/net"},"registrationEnabled":` + w.one("true", "false", "false") + `}}`)}
}

// machineNames are the interfaces that something answers for, and the one that forwards.
var machineNames = []string{"near", "far", "forwards"}

// nic is an interface: its groups, and whether it forwards.
func (w *changing) nic(name string) arm.Try {
	network, address := "net", "10.0.9.50"
	switch name {
	case "far":
		network, address = "hub", "10.1.9.50"
	case "forwards":
		address = "10.0.9.60"
	}
	properties := fmt.Sprintf(`"privateIPAddress":%q,"privateIPAllocationMethod":"Static","subnet":{"id":%q}`, address, w.network+"virtualNetworks/"+network+"/subnets/machines")
	if network == "net" && w.IntN(2) == 0 { // all members are in one network
		properties += fmt.Sprintf(`,"applicationSecurityGroups":[{"id":%q}]`, w.network+"applicationSecurityGroups/"+w.one("one", "two"))
	}
	more := fmt.Sprintf(`,"enableIPForwarding":%t`, name == "forwards" && w.IntN(2) == 0)
	if w.IntN(4) == 0 {
		more += w.ref("networkSecurityGroup", "networkSecurityGroups/inner")
	}
	tags := ""
	for at, real := range w.listens {
		if host, port, _ := strings.Cut(at, ":"); host == address {
			tags = fmt.Sprintf(`"isle-attach":"%s=%s"`, port, real)
		}
	}
	return w.try("networkInterfaces/"+name, `{"location":"local","tags":{`+tags+`},"properties":{"ipConfigurations":[{"name":"ip","properties":{`+properties+`}}]`+more+`}}`)
}

// machines are attached: each of two is a listener that says who it is.
func (w *changing) machines() {
	for _, at := range []string{"10.0.9.50:8001", "10.1.9.50:8002"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		w.must(err)
		w.t.Cleanup(func() { l.Close() })
		w.listens[at] = l.Addr().String()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = io.WriteString(c, at)
				_ = c.Close()
			}
		}()
	}
	for _, name := range machineNames {
		w.make(w.nic(name))
	}
}

// environments makes both.
func (w *changing) environments() {
	for i, name := range []string{"a", "b"} {
		var subnets []string
		for k := range 4 {
			subnets = append(subnets, fmt.Sprintf(`{"id":"%svirtualNetworks/net/subnets/s%d"}`, w.network, 4*i+k))
		}
		id := w.group + "/providers/Microsoft.Logic/integrationServiceEnvironments/" + name
		put(w.t, w.s, id, "2019-05-01", `{"location":"local","sku":{"name":"Developer"},"properties":{"networkConfiguration":{"accessEndpoint":{"type":"External"},"subnets":[`+strings.Join(subnets, ",")+`]}}}`)
		eventually(w.t, "the environment is ready", func() bool {
			found, err := w.s.manager.Get(w.t.Context(), w.s.principal(), id, "2019-05-01")
			w.must(err)
			w.ids[i] = at(found.Body, "properties", "integrationServiceEnvironmentId")
			state := at(found.Body, "properties", "provisioningState")
			if state == "Failed" {
				w.t.Fatalf("%s", found.Body.JSON())
			}
			return state == "Succeeded"
		})
	}
}

const deleted = ", deleted"

// kinds are the changes, each with what takes it back.
func (w *changing) kinds() map[string]func() arm.Try {
	removed := func(c func() arm.Try) func() arm.Try { return func() arm.Try { return gone(c()) } }
	group := func() arm.Try { return w.groupBody(w.one("web", "inner"), w.IntN(4) == 0) }
	table := func() arm.Try { return w.table(w.one("way", "hubway"), w.IntN(4) == 0) }
	asg := func() arm.Try { return w.asg(w.one("one", "two")) }
	firewall := func() arm.Try { return w.firewall("fw", "net", "fwip") }
	hubFirewall := func() arm.Try { return w.firewall("hubfw", "hub", "hubip") }
	policy := func() arm.Try {
		return w.policy(w.one("child", "base"), map[bool]string{true: "base"}[w.IntN(2) == 0])
	}
	peering := func() arm.Try {
		if w.IntN(2) == 0 {
			return w.peering("net", "hub")
		}
		return w.peering("hub", "net")
	}
	nic := func() arm.Try { return w.nic(w.one(machineNames...)) }
	kinds := map[string]func() arm.Try{"rule": w.rule, "security group": group, "route": w.route, "route table": table, "subnet": w.subnet, "application security group": asg, "interface": nic, "NAT gateway": w.nat,
		"IP group": w.ipGroup, "firewall": firewall, "firewall of the hub": hubFirewall, "policy": policy, "rule collection group": w.ruleGroup, "peering": peering, "record": w.record, "zone link": w.link}
	for name, c := range maps.Clone(kinds) {
		kinds[name+deleted] = removed(c)
	}
	return kinds
}

// call is one that is made again and again.
type call struct {
	subject     dataplane.Subject
	environment int
	subnet      dataplane.Subnet
	network, to string // of a dial
	from        string // of a call of the access endpoint, or "" of the other environment's
	inbound     bool
}

func (w *changing) randomCall(name string) call {
	c := call{subject: dataplane.Subject{Workflow: w.group + "/providers/Microsoft.Logic/workflows/w", Name: name}, environment: w.IntN(2), subnet: dataplane.Subnet(w.IntN(2))}
	if w.IntN(5) == 0 {
		c.inbound, c.from = true, w.one("", "203.0.113.9", "10.0.9.50", "127.0.0.1", "192.168.1.1")
		return c
	}
	c.network = w.one("tcp", "tcp", "tcp", "udp")
	if c.to = w.one("10.0.9.50:8001", "near.corp.test:8001", "10.1.9.50:8002", "far.corp.test:8002", "bad.corp.test:8001"); c.network == "udp" || w.IntN(3) == 0 {
		c.to = w.one("198.51.100.7:443", "198.51.100.70:443", "203.0.113.7:443", "10.0.9.77:53", "10.0.5.9:443", "192.168.7.7:443", w.public["fwip"]+":443", w.public["hubip"]+":8001")
	}
	return c
}

// outcome is what became of a call.
type outcome struct {
	denied  bool
	message string // of what has denied it
	unknown bool   // its name was asked for outside of the private zones
}

// call makes a call. What is attached must answer, if it is allowed.
func (w *changing) call(c *call) outcome {
	w.t.Helper()
	if c.inbound {
		return w.callIn(c)
	}
	ctx := dataplane.WithSubject(w.t.Context(), c.subject)
	host, _, err := net.SplitHostPort(c.to)
	w.must(err)
	if w.s.wall != nil { // what follows waits for nothing
		_, err := w.s.wall.settled(w.t.Context(), w.ids[c.environment])
		w.must(err)
	}
	nic := map[string]string{"10.0.9.50": "near", "10.1.9.50": "far"}[host]
	reached := c.network == "tcp" && w.listens[c.to] != "" && w.there[w.network+"networkInterfaces/"+nic] && w.returns(c)
	if !reached {
		ctx = dataplane.WithSubject(w.finished, c.subject) // it is judged, and nothing is sent
	}
	conn, err := w.s.network.Dialer(w.ids[c.environment], c.subnet).Dial(ctx, c.network, c.to)
	if err == nil {
		defer conn.Close()
		w.must(conn.SetDeadline(time.Now().Add(hanging)))
	}
	var denied *dataplane.DeniedError
	var unknown *net.DNSError
	switch {
	case errors.As(err, &denied):
		return outcome{denied: true, message: denied.Decision.Record.Message}
	case errors.As(err, &unknown) && strings.Contains(unknown.Err, "private DNS zones"):
		return outcome{denied: true}
	case errors.As(err, &unknown):
		return outcome{unknown: true}
	}
	if reached {
		if err != nil {
			w.t.Errorf("%+v is allowed and not reached: %v\n%s", *c, err, w.way(c))
		} else if said, err := io.ReadAll(conn); err == nil && string(said) != c.to {
			w.t.Errorf("at %s answers %q", c.to, said)
		} else if err != nil {
			w.t.Errorf("%s does not answer: %v", c.to, err)
		}
		w.seen["answered"]++
	}
	return outcome{}
}

// flow is a dial to an address as the policy knows it, and its network.
func (w *changing) flow(c *call) (netpol.Flow, *netpol.Network) {
	policy, err := w.s.policies.Current()
	w.must(err)
	place := w.s.places.Of(w.ids[c.environment])
	component := dataplane.BuiltIn
	if c.subnet == dataplane.SubnetConnectors {
		component = dataplane.Connectors
	}
	from, _ := place.Address(component)
	n, _ := policy.Policy.Network(place.Network.ID())
	to, err := netip.ParseAddrPort(c.to)
	w.must(err)
	return netpol.Flow{Protocol: netpol.TCP, Source: from, SourcePort: 49152, Destination: to.Addr(), DestinationPort: to.Port(), Application: netpol.Application{Name: to.Addr().String()}}, n
}

// returns tells whether a dial ends inside the networks, if it is allowed, and its replies
// come the way that it goes: only who sends first is judged, and a kernel routes each packet,
// where a firewall that sees one direction alone lets nothing pass.
func (w *changing) returns(c *call) bool {
	f, n := w.flow(c)
	if d := n.Evaluate(f); d.Allowed() && !d.Inside {
		return false
	}
	there := n.NextHop(f.Source, f.Destination)
	home := n
	for _, other := range n.Reach() {
		if _, in := other.SubnetOf(f.Destination); in {
			home = other
		}
	}
	back := home.NextHop(f.Destination, f.Source)
	return there.NextHop == back.NextHop && there.NextHopIP == back.NextHopIP
}

// way is what the policy says of a dial, and the changes that led there.
func (w *changing) way(c *call) string {
	f, n := w.flow(c)
	return n.Trace(f).String() + strings.Join(w.made, "\n")
}

func (w *changing) callIn(c *call) outcome {
	caller := dataplane.Caller{Subject: c.subject}
	caller.Subject.Trigger = true
	if c.from == "" {
		caller.Source = &dataplane.Source{Environment: w.ids[1-c.environment], Subnet: dataplane.SubnetBuiltIn}
		caller.By = c.subject
	} else {
		caller.Address = netip.MustParseAddr(c.from)
	}
	d := w.s.network.Admit(w.ids[c.environment], caller)
	if d.Allowed {
		return outcome{}
	}
	return outcome{denied: true, message: d.Record.Message}
}

// forecastFlow is a flow on which a what-if says that the policies do not agree.
type forecastFlow struct {
	Action, Trigger, Before, After string
	Decision                       struct{ Message string }
}

// round makes calls, asks what a change would do to them, makes it, and makes the calls
// again.
func (w *changing) round(number int) {
	calls := make([]call, 40)
	before := make([]outcome, len(calls))
	for i := range calls {
		calls[i] = w.randomCall(fmt.Sprintf("r%d-%d", number, i))
		before[i] = w.call(&calls[i])
	}
	kinds := w.kinds()
	names := slices.Sorted(maps.Keys(kinds))
	var some []arm.Try
	var kind string
	for range 1 + w.IntN(2)*w.IntN(2) {
		if kind = w.one(names...); strings.HasSuffix(kind, deleted) && w.IntN(2) == 0 { // or soon little is there
			kind = strings.TrimSuffix(kind, deleted)
		}
		some = append(some, kinds[kind]())
	}
	told, all, refused := w.forecast(some)
	if refused != nil {
		w.seen["refused: "+kind]++
		if len(some) > 1 {
			return // one may be refused because of the other
		}
		if err := arm.AsError(w.apply(some[0])); err == nil || err.Code != refused.Code {
			w.t.Errorf("round %d: the what-if refuses %s %s\n%v\nand it is\n%v", number, some[0].ID, some[0].Body, refused, err)
		}
		return
	}
	for _, c := range some {
		if err := w.apply(c); err != nil {
			w.t.Errorf("round %d: the what-if takes %s (deleted %t) %s\nand it is refused: %v", number, c.ID, c.Delete, c.Body, err)
			return
		}
	}
	w.seen["made: "+kind]++
	for i := range calls {
		if _, listed := told[calls[i].subject.Name]; all || listed {
			w.compare(number, some, &calls[i], before[i], told)
		}
	}
}

// compare makes a call again and compares what becomes of it with what was told.
func (w *changing) compare(number int, some []arm.Try, c *call, before outcome, told map[string]forecastFlow) {
	after := w.call(c)
	f, changes := told[c.subject.Name]
	says := before.denied
	if changes {
		says = f.After == "Deny"
	}
	switch {
	case before.unknown:
		return // whom the host's resolver knows is not known to a what-if
	case after.unknown: // so it counts as one that fails
		if !before.denied && !says {
			w.report(number, some, c, before, after, f)
		}
		return
	}
	if says != after.denied || changes && after.message != "" && f.Decision.Message != after.message {
		w.report(number, some, c, before, after, f)
	}
	if changes {
		w.seen["came to pass: "+f.After]++
	}
}

func (w *changing) report(number int, some []arm.Try, c *call, before, after outcome, f forecastFlow) {
	w.t.Helper()
	var text strings.Builder
	for _, change := range some {
		fmt.Fprintf(&text, "%s (deleted %t) %s\n", change.ID, change.Delete, change.Body)
	}
	w.t.Errorf("round %d:\n%scall %+v\nwas %+v\nthe what-if says %+v\nit happens %+v", number, text.String(), *c, before, f, after)
}

// forecast asks the what-if, and gives the flows that would change by the action, and
// whether these are all: of those of earlier rounds, which are recorded too, there may be
// more than it lists.
func (w *changing) forecast(some []arm.Try) (told map[string]forecastFlow, all bool, refused *arm.Error) {
	type one struct {
		ID      string          `json:"id"`
		Version string          `json:"apiVersion"`
		Body    json.RawMessage `json:"body,omitempty"`
		Delete  bool            `json:"delete,omitempty"`
	}
	var list []one
	for _, c := range some {
		list = append(list, one{c.ID, c.APIVersion, c.Body, c.Delete})
	}
	body, err := json.Marshal(map[string]any{"properties": map[string]any{"changes": list}})
	w.must(err)
	res, err := w.s.manager.Post(w.t.Context(), w.s.principal(), w.network+"whatIf", "2024-05-01", body)
	if err != nil {
		refused = arm.AsError(err)
		if refused == nil || refused.Status >= 500 {
			w.t.Fatalf("%s: %v", body, err)
		}
		return nil, false, refused
	}
	var answer struct {
		Properties struct {
			Environments []struct {
				RecordedFlows struct {
					Changed int
					Flows   []forecastFlow
				}
			}
		}
	}
	w.must(json.Unmarshal(res.Body.JSON(), &answer))
	told, all = map[string]forecastFlow{}, true
	for _, e := range answer.Properties.Environments {
		all = all && e.RecordedFlows.Changed == len(e.RecordedFlows.Flows)
		for _, f := range e.RecordedFlows.Flows {
			told[cmp.Or(f.Action, f.Trigger)] = f
		}
	}
	return told, all, nil
}

// tell says what there was, and fails if it was too little to mean something.
func (w *changing) tell() {
	for _, name := range slices.Sorted(maps.Keys(w.seen)) {
		w.t.Logf("%6d %s", w.seen[name], name)
	}
	if *changes < 100 {
		return
	}
	if w.seen["came to pass: Deny"] < 5 || w.seen["came to pass: Allow"] < 5 || w.seen["answered"] < 100 {
		w.t.Errorf("too little has changed: the test says little")
	}
}
