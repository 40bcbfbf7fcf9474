package network

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"isle/internal/arm"
)

// Limits of a network security group (network.md §A1).
const (
	maxRules          = 1000
	maxRulePrefixes   = 4000
	maxRuleGroups     = 10
	maxDescription    = 140
	minPriority       = 100
	maxPriority       = 4096
	maxPort           = 65535
	sideSource        = "source"
	sideDestination   = "destination"
	directionInbound  = "Inbound"
	directionOutbound = "Outbound"
)

// Rule is a security rule, as stored: its enumerations have their canonical
// spelling, all else is as the caller wrote it.
type Rule struct {
	Version     int    `json:"v"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Priority    int    `json:"priority"`
	Direction   string `json:"direction"`
	Access      string `json:"access"`
	Protocol    string `json:"protocol"`
	Source      Side   `json:"source"`
	Destination Side   `json:"destination"`
}

// Side is one end of a flow. Of the singular and the plural member one is given.
type Side struct {
	Prefix   string   `json:"prefix,omitempty"`
	Prefixes []string `json:"prefixes,omitempty"`
	Port     string   `json:"port,omitempty"`
	Ports    []string `json:"ports,omitempty"`
	Groups   []string `json:"groups,omitempty"` // application security groups, by ID
}

// defaultRules are the six that every group has (§A3).
func defaultRules() []Rule {
	rule := func(name, description, direction string, priority int, access, from, to string) Rule {
		return Rule{Name: name, Description: description, Priority: priority, Direction: direction, Access: access, Protocol: "*",
			Source: Side{Prefix: from, Port: "*"}, Destination: Side{Prefix: to, Port: "*"}}
	}
	return []Rule{
		rule("AllowVnetInBound", "Allow inbound traffic from all VMs in VNET", directionInbound, 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
		rule("AllowAzureLoadBalancerInBound", "Allow inbound traffic from azure load balancer", directionInbound, 65001, "Allow", "AzureLoadBalancer", "*"),
		rule("DenyAllInBound", "Deny all inbound traffic", directionInbound, 65500, "Deny", "*", "*"),
		rule("AllowVnetOutBound", "Allow outbound traffic from all VMs to all VMs in VNET", directionOutbound, 65000, "Allow", "VirtualNetwork", "VirtualNetwork"),
		rule("AllowInternetOutBound", "Allow outbound traffic from all VMs to Internet", directionOutbound, 65001, "Allow", "*", "Internet"),
		rule("DenyAllOutBound", "Deny all outbound traffic", directionOutbound, 65500, "Deny", "*", "*"),
	}
}

// checkRules checks the rules of one group, each alone and together; path tells
// where each stands in the request. Of two that conflict the later one is reported.
func (t tagNames) checkRules(rules []Rule, path func(int) string, found *arm.Found) {
	const target = "properties.securityRules"
	if len(rules) > maxRules {
		found.Add("SecurityRuleCountLimitReached", target, "The group has %d rules; a network security group has at most %d.", len(rules), maxRules)
	}
	type slot struct {
		direction string
		priority  int
	}
	taken := make(map[slot]string, len(rules))
	names := make(map[string]struct{}, len(rules))
	for i := range rules {
		r := &rules[i]
		at := path(i)
		t.checkRule(r, at, found)
		if _, twice := names[strings.ToLower(r.Name)]; twice {
			found.Add(codeFormat, inside(at, "name"), "Security rule name '%s' occurs twice. Names are unique in a group, ignoring case.", r.Name)
		}
		names[strings.ToLower(r.Name)] = struct{}{}
		place := slot{r.Direction, r.Priority}
		if other, conflict := taken[place]; conflict {
			found.Add("SecurityRuleConflict", inside(at, "properties.priority"), "Security rule %s conflicts with rule %s. Rules cannot have the same Priority and Direction. To learn more, see aka.ms/nsgrules.", r.Name, other)
			continue
		}
		taken[place] = r.Name
	}
}

// checkRule checks one rule by itself and gives its enumerations their canonical
// spelling.
func (t tagNames) checkRule(r *Rule, at string, found *arm.Found) {
	ruleNaming.check(r.Name, inside(at, "name"), found)
	at = inside(at, "properties")
	r.Direction = oneOf(r.Direction, at+".direction", found, directionInbound, directionOutbound)
	r.Access = oneOf(r.Access, at+".access", found, "Allow", "Deny")
	r.Protocol = oneOf(r.Protocol, at+".protocol", found, "*", "Tcp", "Udp", "Icmp", "Esp", "Ah")
	if r.Priority < minPriority || r.Priority > maxPriority {
		found.Add("SecurityRuleInvalidPriority", at+".priority", "Security rule %s has invalid Priority. Value provided: %d Allowed range %d-%d.", r.Name, r.Priority, minPriority, maxPriority)
	}
	if n := utf8.RuneCountInString(r.Description); n > maxDescription {
		found.Add("SecurityRuleDescriptionTooLong", at+".description", "Security rule %s has a description of %d characters; at most %d are allowed.", r.Name, n, maxDescription)
	}
	t.checkSide(r.Name, sideSource, &r.Source, at, found)
	t.checkSide(r.Name, sideDestination, &r.Destination, at, found)
}

// oneOf returns the canonical spelling of text.
func oneOf(text, target string, found *arm.Found, allowed ...string) string {
	for _, a := range allowed {
		if strings.EqualFold(a, text) {
			return a
		}
	}
	found.Add(codeFormat, target, "Cannot parse the request: '%s' is not a value of '%s'. Allowed values: %s.", text, target, strings.Join(allowed, ", "))
	return text
}

func (t tagNames) checkSide(rule, side string, s *Side, at string, found *arm.Found) {
	t.checkAddresses(rule, side, s, at+"."+side, found)
	checkPorts(rule, side, s, at+"."+side, found)
}

func (t tagNames) checkAddresses(rule, side string, s *Side, at string, found *arm.Found) {
	given := 0
	for _, present := range []bool{s.Prefix != "", len(s.Prefixes) > 0, len(s.Groups) > 0} {
		if present {
			given++
		}
	}
	if given != 1 {
		found.Add("SecurityRuleParameterNotSpecified", at+"AddressPrefix", "Security rule %s must specify exactly one of %sAddressPrefix, %sAddressPrefixes and %sApplicationSecurityGroups; it specifies %d.", rule, side, side, side, given)
	}
	if s.Prefix != "" && t.classify(s.Prefix) == addressBad {
		found.Add("SecurityRuleInvalidAddressPrefix", at+"AddressPrefix", "Security rule %s has invalid Address prefix. Value provided: %s. Give an address, a range in CIDR notation without host bits, '*', or a service tag.", rule, s.Prefix)
	}
	for i, text := range s.Prefixes {
		member := fmt.Sprintf("%sAddressPrefixes[%d]", at, i)
		switch t.classify(text) {
		case addressAny, addressTag:
			found.Add("SecurityRuleParameterContainsUnsupportedValue", member, "Security rule parameter %sAddressPrefixes for rule %s contains the unsupported value '%s'. '*' and service tags go into %sAddressPrefix.", side, rule, text, side)
		case addressBad:
			found.Add("SecurityRuleInvalidAddressPrefix", member, "Security rule %s has invalid Address prefix. Value provided: %s. Give an address or a range in CIDR notation without host bits.", rule, text)
		}
	}
	if len(s.Prefixes) > maxRulePrefixes {
		found.Add("SecurityRulePrefixCountLimitReached", at+"AddressPrefixes", "Security rule %s has %d prefixes on one side; at most %d are allowed.", rule, len(s.Prefixes), maxRulePrefixes)
	}
	if len(s.Groups) > maxRuleGroups {
		found.Add("SecurityRuleApplicationSecurityGroupCountLimitReached", at+"ApplicationSecurityGroups", "Security rule %s names %d application security groups on one side; at most %d are allowed.", rule, len(s.Groups), maxRuleGroups)
	}
}

func checkPorts(rule, side string, s *Side, at string, found *arm.Found) {
	if (s.Port != "") == (len(s.Ports) > 0) {
		found.Add("SecurityRuleParameterNotSpecified", at+"PortRange", "Security rule %s must specify exactly one of %sPortRange and %sPortRanges.", rule, side, side)
	}
	if s.Port != "" && s.Port != "*" && !validPorts(s.Port) {
		found.Add("SecurityRuleInvalidPortRange", at+"PortRange", "Security rule %s has invalid Port range. Value provided: %s. Value should be an integer OR integer range with '-' delimiter. Valid range 0-%d.", rule, s.Port, maxPort)
	}
	for i, text := range s.Ports {
		member := fmt.Sprintf("%sPortRanges[%d]", at, i)
		switch {
		case text == "*":
			found.Add("SecurityRuleParameterContainsInvalidPortRanges", member, "Security rule parameter %sPortRanges for rule %s contains '*'. Give '*' in %sPortRange instead.", side, rule, side)
		case !validPorts(text):
			found.Add("SecurityRuleInvalidPortRange", member, "Security rule %s has invalid Port range. Value provided: %s. Value should be an integer OR integer range with '-' delimiter. Valid range 0-%d.", rule, text, maxPort)
		}
	}
}

// validPorts tells whether text is a port or "low-high".
func validPorts(text string) bool {
	low, high, ranged := strings.Cut(text, "-")
	from, ok := parsePort(low)
	if !ok || !ranged {
		return ok
	}
	to, ok := parsePort(high)
	return ok && from <= to
}

func parsePort(text string) (int, bool) {
	if text == "" || len(text) > 5 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n <= maxPort
}
