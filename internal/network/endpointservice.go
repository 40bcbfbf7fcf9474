package network

import (
	"context"

	"isle/expr"
	"isle/internal/arm"
)

// endpointServices are the services that Azure's virtual networks have endpoints for.
var endpointServices = []string{"Microsoft.AzureActiveDirectory", "Microsoft.AzureCosmosDB", "Microsoft.CognitiveServices", "Microsoft.ContainerRegistry", "Microsoft.EventHub",
	"Microsoft.KeyVault", "Microsoft.ServiceBus", "Microsoft.Sql", "Microsoft.Storage", "Microsoft.Storage.Global", "Microsoft.Web"}

// availableEndpointServices answers GET …/locations/{location}/virtualNetworkAvailableEndpointServices:
// the services that a subnet can name in serviceEndpoints (network.md §A2).
func availableEndpointServices(_ context.Context, r *arm.Request) (*arm.Response, error) {
	var values []expr.Value
	for _, name := range endpointServices {
		var f fields
		f.text("name", name)
		f.text("id", "/subscriptions/"+r.Values["subscription"]+"/providers/Microsoft.Network/virtualNetworkEndpointServices/"+name)
		f.text("type", "Microsoft.Network/virtualNetworkEndpointServices")
		values = append(values, f.value())
	}
	return arm.Reply(list(expr.Array(values...))), nil
}
