package logic

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"isle/internal/arm"
	"isle/netpol"
)

// The rules that an environment's security groups lack, as a template that adds them.

type template struct {
	Schema    string                    `json:"$schema"`
	Version   string                    `json:"contentVersion"`
	Resources []templateResource        `json:"resources"`
	Outputs   map[string]templateOutput `json:"outputs,omitempty"`
}

type templateResource struct {
	Type          string `json:"type"`
	APIVersion    string `json:"apiVersion"`
	Name          string `json:"name"`
	ResourceGroup string `json:"resourceGroup,omitempty"` // of a nested deployment
	Properties    any    `json:"properties"`
}

type templateOutput struct {
	Type  string `json:"type"`
	Value any    `json:"value"`
}

// nestedDeployment is the properties of a deployment into another group.
type nestedDeployment struct {
	Mode     string   `json:"mode"`
	Template template `json:"template"`
}

// ruleProperties is a security rule on the wire.
type ruleProperties struct {
	Description         string   `json:"description"`
	Priority            int      `json:"priority"`
	Direction           string   `json:"direction"`
	Access              string   `json:"access"`
	Protocol            string   `json:"protocol"`
	SourcePrefix        string   `json:"sourceAddressPrefix,omitempty"`
	SourcePrefixes      []string `json:"sourceAddressPrefixes,omitempty"`
	SourcePort          string   `json:"sourcePortRange,omitempty"`
	SourcePorts         []string `json:"sourcePortRanges,omitempty"`
	DestinationPrefix   string   `json:"destinationAddressPrefix,omitempty"`
	DestinationPrefixes []string `json:"destinationAddressPrefixes,omitempty"`
	DestinationPort     string   `json:"destinationPortRange,omitempty"`
	DestinationPorts    []string `json:"destinationPortRanges,omitempty"`
}

// restReport is a row that rules of security groups cannot open.
type restReport struct {
	Row     string `json:"row"`
	Purpose string `json:"purpose"`
	Subnet  string `json:"subnet"`
	Message string `json:"message"`
}

const (
	templateSchema    = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
	ruleType          = "Microsoft.Network/networkSecurityGroups/securityRules"
	ruleVersion       = "2023-09-01"
	deploymentType    = "Microsoft.Resources/deployments"
	deploymentVersion = "2021-04-01"
)

func newTemplate() template {
	return template{Schema: templateSchema, Version: "1.0.0.0", Resources: []templateResource{}}
}

// readMissingRules answers GET health/network/missingRules: of all rows, or of those that
// the query names, "rows=I3,O8".
func (s *Service) readMissingRules(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	edition, err := askedEdition(r)
	if err != nil {
		return nil, err
	}
	form, err := decode[environment](r.Resource.Resource)
	if err != nil {
		return nil, err
	}
	var t template
	err = s.askPolicy(ctx, form, r.Resource.Key, edition, func(policy *netpol.Policy, _ uint64, e netpol.Environment) error {
		rules, rest, err := neededRules(policy, e, edition, askedRows(r))
		t = missingTemplate(r.ID.Group, rules, rest)
		return err
	})
	if err != nil {
		return nil, policyUnknown(err)
	}
	v, err := valueOf(t)
	return arm.Reply(v), err
}

// askedRows tells which rows a request is about.
func askedRows(r *arm.Request) func(row string) bool {
	given := r.Query.Get("rows")
	if given == "" {
		return func(string) bool { return true }
	}
	rows := strings.Split(given, ",")
	return func(row string) bool {
		return slices.ContainsFunc(rows, func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), row) })
	}
}

// neededRules are the missing rules of the rows asked for, without those that only open
// what may be closed: a deny that the network is healthy with is meant.
func neededRules(policy *netpol.Policy, e netpol.Environment, edition netpol.Version, asked func(row string) bool) ([]netpol.MissingRule, []netpol.AccessResult, error) {
	results, err := policy.RequiredAccess(e, edition)
	if err != nil {
		return nil, nil, err
	}
	needed := map[string]bool{} // rows
	for i := range results {
		if row := results[i].Requirement.ID; lacking(&results[i]) && asked(row) {
			needed[row] = true
		}
	}
	rules, rest, err := policy.MissingRules(e, edition)
	rules = slices.DeleteFunc(rules, func(m netpol.MissingRule) bool {
		return !slices.ContainsFunc(m.Rows, func(row string) bool { return needed[row] })
	})
	rest = slices.DeleteFunc(rest, func(r netpol.AccessResult) bool { return !lacking(&r) || !asked(r.Requirement.ID) })
	return rules, rest, err
}

// policy is the policy of now; the error is for the caller.
func (s *Service) policy() (*netpol.Policy, error) {
	if s.config.Policies == nil {
		return nil, policyUnknown(errNoPolicies)
	}
	policy, _, err := s.config.Policies.Policy()
	if err != nil {
		return nil, policyUnknown(err)
	}
	return policy, nil
}

func policyUnknown(err error) *arm.Error {
	return arm.Conflict("NetworkPolicyUnknown", "", "The network cannot be judged: %s.", err)
}

// missingTemplate deploys the rules: those of groups in another resource group by a
// deployment nested in it.
func missingTemplate(group string, rules []netpol.MissingRule, rest []netpol.AccessResult) template {
	t := newTemplate()
	nested := map[string]int{} // resource group in lower case → place in t.Resources
	for _, m := range rules {
		resource := ruleResource(m)
		id, err := arm.ParseID(m.SecurityGroup)
		if err != nil || strings.EqualFold(id.Group, group) {
			t.Resources = append(t.Resources, resource)
			continue
		}
		at, ok := nested[strings.ToLower(id.Group)]
		if !ok {
			at = len(t.Resources)
			nested[strings.ToLower(id.Group)] = at
			t.Resources = append(t.Resources, templateResource{Type: deploymentType, APIVersion: deploymentVersion, Name: "missing-rules-" + id.Group, ResourceGroup: id.Group,
				Properties: &nestedDeployment{Mode: "Incremental", Template: newTemplate()}})
		}
		inner := t.Resources[at].Properties.(*nestedDeployment)
		inner.Template.Resources = append(inner.Template.Resources, resource)
	}
	list := []restReport{}
	for i := range rest {
		r := &rest[i]
		list = append(list, restReport{r.Requirement.ID, r.Requirement.Purpose, lastSegment(r.Subnet), denialText(r)})
	}
	t.Outputs = map[string]templateOutput{"rest": {"array", list}}
	return t
}

func ruleResource(m netpol.MissingRule) templateResource {
	r := &m.Rule
	p := ruleProperties{Description: describeRows(m.Rows), Priority: r.Priority, Direction: r.Direction.String(), Access: r.Access.String(), Protocol: r.Protocol.String()}
	p.SourcePrefix, p.SourcePrefixes = oneOrMany(addressTexts(r.Source.Addresses))
	p.SourcePort, p.SourcePorts = oneOrMany(rangeTexts(r.Source.Ports))
	p.DestinationPrefix, p.DestinationPrefixes = oneOrMany(addressTexts(r.Destination.Addresses))
	p.DestinationPort, p.DestinationPorts = oneOrMany(rangeTexts(r.Destination.Ports))
	return templateResource{Type: ruleType, APIVersion: ruleVersion, Name: lastSegment(m.SecurityGroup) + "/" + r.Name, Properties: p}
}

// describeRows keeps within the length of a description (network.md §A3).
func describeRows(rows []string) string {
	const most = 140
	text := fmt.Sprintf("Required access %s of the integration service environment", strings.Join(rows, ", "))
	return text[:min(len(text), most)]
}

// oneOrMany writes a list in the member that it belongs into.
func oneOrMany(list []string) (one string, many []string) {
	if len(list) == 1 {
		return list[0], nil
	}
	return "", list
}

func addressTexts(list []netpol.Address) []string {
	if len(list) == 0 {
		return []string{"*"}
	}
	texts := make([]string, len(list))
	for i, a := range list {
		texts[i] = a.String()
	}
	return texts
}

func rangeTexts(list []netpol.PortRange) []string {
	if len(list) == 0 {
		return []string{"*"}
	}
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = p.String()
	}
	return texts
}
