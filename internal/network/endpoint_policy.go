package network

import (
	"context"
	"fmt"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// Service endpoint policies (Azure: "Virtual network service endpoint policies") list the
// accounts that subnets may reach by their service endpoints. They are kept, as templates
// of networks bring them along; no subnet can have one, since an address does not tell whose
// account is called, and a policy that is not enforced would promise safety that is not there.

const (
	typeEndpointPolicies    = "Microsoft.Network/serviceEndpointPolicies"
	typeEndpointDefinitions = typeEndpointPolicies + "/serviceEndpointPolicyDefinitions"

	endpointDefinitionList = "serviceEndpointPolicyDefinitions"

	serviceStorage = "Microsoft.Storage"
	serviceGlobal  = "Global" // the platform's own, by alias

	maxServiceResources = 200 // of a definition
)

// carriedEndpointPolicy are the writable members that are stored and served as given.
var carriedEndpointPolicy = []string{"contextualServiceEndpointPolicies", "serviceAlias"}

// EndpointDefinition is one service's accounts of a policy, as stored.
type EndpointDefinition struct {
	Version     int      `json:"v"`
	Description string   `json:"description,omitempty"`
	Service     string   `json:"service"`
	Resources   []string `json:"resources"`
}

type endpointDefinitionBody struct {
	Description string   `json:"description"`
	Service     string   `json:"service"`
	Resources   []string `json:"serviceResources"`
}

// putEndpointPolicy creates or replaces a policy. A request without its definitions leaves
// them as they are.
func putEndpointPolicy(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var body struct {
		Definitions []struct {
			Name       string                 `json:"name"`
			Properties endpointDefinitionBody `json:"properties"`
		} `json:"serviceEndpointPolicyDefinitions"`
	}
	return putAttached(tx, r, &body, carriedEndpointPolicy, endpointDefinitionList, typeEndpointDefinitions, func(found *arm.Found) ([]nested[EndpointDefinition], error) {
		var want []nested[EndpointDefinition]
		for i, d := range body.Definitions {
			at := fmt.Sprintf("properties.%s[%d]", endpointDefinitionList, i)
			if find(want, d.Name) != nil {
				found.Add(codeFormat, at+".name", "The definition name '%s' occurs twice. Names are unique in a policy, ignoring case.", d.Name)
			}
			want = append(want, nested[EndpointDefinition]{name: d.Name, form: d.Properties.definition(d.Name, at, found)})
		}
		return want, nil
	})
}

func putEndpointDefinition(_ context.Context, tx *store.Tx, r *arm.PutRequest) (*arm.Written, error) {
	var found arm.Found
	var body endpointDefinitionBody
	if !found.Decode(r.Properties(), &body, "properties", codeFormat) {
		return nil, found.Err()
	}
	form := body.definition(r.ID.Name(), "", &found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	parent, _ := r.ID.Parent()
	if err := touch(tx, parent.Key(), r.Now); err != nil {
		return nil, err
	}
	stored, err := encode(form)
	return &arm.Written{Body: stored}, err
}

// definition makes the stored form of a definition at a path, and checks it.
func (b *endpointDefinitionBody) definition(name, at string, found *arm.Found) *EndpointDefinition {
	ruleNaming.check(name, inside(at, "name"), found)
	d := &EndpointDefinition{Version: formVersion, Description: b.Description, Resources: b.Resources}
	d.Service = oneOf(b.Service, inside(at, "properties.service"), found, serviceStorage, serviceGlobal)
	if n := len([]rune(b.Description)); n > maxDescription {
		found.Add(codeFormat, inside(at, "properties.description"), "The description of definition '%s' has %d characters; at most %d are allowed.", name, n, maxDescription)
	}
	target := inside(at, "properties.serviceResources")
	if n := len(b.Resources); n == 0 || n > maxServiceResources {
		found.Add("ServiceEndpointPolicyDefinitionInvalidServiceResources", target, "Definition '%s' has %d service resources; it must have 1 to %d.", name, n, maxServiceResources)
	}
	for i, id := range b.Resources {
		if !validServiceResource(d.Service, id) {
			found.Add("ServiceEndpointPolicyDefinitionInvalidServiceResources", fmt.Sprintf("%s[%d]", target, i), "'%s' is no service resource of %s: give the ID of a subscription, a resource group or a storage account for %s, and an alias such as /services/Azure/Batch for %s.", id, d.Service, serviceStorage, serviceGlobal)
		}
	}
	return d
}

// validServiceResource tells whether a text names accounts of a service.
func validServiceResource(service, text string) bool {
	words := strings.Split(strings.TrimPrefix(text, "/"), "/")
	for _, word := range words {
		if word == "" {
			return false
		}
	}
	is := func(at int, word string) bool { return strings.EqualFold(words[at], word) }
	if service == serviceGlobal {
		return len(words) >= 2 && is(0, "services")
	}
	switch len(words) {
	case 2:
		return is(0, "subscriptions")
	case 4:
		return is(0, "subscriptions") && is(2, "resourceGroups")
	case 8:
		return is(0, "subscriptions") && is(2, "resourceGroups") && is(4, "providers") && is(5, serviceStorage) && is(6, "storageAccounts")
	}
	return false
}

// checkEndpointPolicies refuses the policies that a subnet names.
func (b *subnetBody) checkEndpointPolicies(name, target string, found *arm.Found) {
	for i, policy := range b.EndpointPolicies {
		found.Add("ServiceEndpointPoliciesNotSupportedOnSubnet", fmt.Sprintf("%s.serviceEndpointPolicies[%d]", target, i),
			"Subnet '%s' cannot have service endpoint policy %s: this server cannot tell by an address whose account is called, and does not enforce such policies. Remove serviceEndpointPolicies; to allow some accounts only, lead the subnet's flows through a firewall whose application rules name them, such as ACCOUNT.blob.core.windows.net.", name, policy.ID)
	}
}

func viewEndpointPolicy(_ context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	form, id, err := decodeAt[Attachment](r)
	if err != nil {
		return expr.Null(), err
	}
	definitions, err := children[EndpointDefinition](tx, id, typeEndpointDefinitions)
	if err != nil {
		return expr.Null(), err
	}
	var f fields
	f.text("provisioningState", succeeded)
	f.text("resourceGuid", form.GUID)
	f.settings(form.Settings)
	f.add(endpointDefinitionList, embedded(definitions, typeEndpointDefinitions, func(d *nested[EndpointDefinition]) expr.Value { return d.form.view() }))
	return properties(f.value()), nil
}

func viewEndpointDefinition(_ context.Context, _ *store.Tx, r arm.Resource) (expr.Value, error) {
	form, err := decode[EndpointDefinition](r)
	if err != nil {
		return expr.Null(), err
	}
	return properties(form.view()), nil
}

func (d *EndpointDefinition) view() expr.Value {
	var f fields
	f.text("provisioningState", succeeded)
	f.text("description", d.Description)
	f.text("service", d.Service)
	f.texts("serviceResources", d.Resources)
	return f.value()
}
