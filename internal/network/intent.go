package network

import (
	"context"

	"isle/internal/arm"
)

// intentBody is the request of PrepareNetworkPolicies and UnprepareNetworkPolicies.
type intentBody struct {
	Service string `json:"serviceName"`
}

// prepareSubnet answers POST {subnet}/PrepareNetworkPolicies and
// {subnet}/UnprepareNetworkPolicies, with which a service keeps its subnet as it needs
// it. Here the links of a subnet do that: there is nothing to keep beside them.
func prepareSubnet(_ context.Context, r *arm.Request) (*arm.Response, error) {
	var found arm.Found
	var body intentBody
	if found.Decode(r.Body, &body, "", codeFormat) && body.Service == "" {
		found.Add(codeFormat, "serviceName", "serviceName is required: the service that the subnet is prepared for, for example %s.", typeEnvironments)
	}
	return nil, found.Err()
}
