package access

// GUIDs of built-in roles, as in Azure, that the code names.
const (
	Owner       = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	Contributor = "b24988ac-6180-42a0-ab88-20f7382dd24c"
	Reader      = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
)

// builtinRoles are the built-in roles that mean something here (ise.md A11, built-in
// roles reference): names, GUIDs and actions as in Azure.
func builtinRoles() []*role {
	return []*role{
		builtin(Owner, "Owner", "Grants full access to manage all resources, including the ability to assign roles in Azure RBAC.", "*"),
		builtin(Contributor, "Contributor", "Grants full access to manage all resources, but does not allow you to assign roles in Azure RBAC.", "*").
			without("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write", "Microsoft.Authorization/elevateAccess/Action"),
		builtin(Reader, "Reader", "View all resources, but does not allow you to make any changes.", "*/read"),
		builtin("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9", "User Access Administrator", "Lets you manage user access to resources.",
			"*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"),
		builtin("f58310d9-a9f6-439a-9e8d-f62e7b41a168", "Role Based Access Control Administrator", "Manage access to resources by assigning roles.",
			"Microsoft.Authorization/roleAssignments/write", "Microsoft.Authorization/roleAssignments/delete", "*/read", "Microsoft.Support/*"),
		builtin("87a39d53-fc1b-424a-814c-f7e04687dc9e", "Logic App Contributor", "Lets you manage logic apps, but not change access to them.",
			"Microsoft.Authorization/*/read", "Microsoft.ClassicStorage/storageAccounts/listKeys/action", "Microsoft.ClassicStorage/storageAccounts/read",
			"Microsoft.Insights/alertRules/*", "Microsoft.Insights/metricAlerts/*", "Microsoft.Insights/diagnosticSettings/*", "Microsoft.Insights/logdefinitions/*",
			"Microsoft.Insights/metricDefinitions/*", "Microsoft.Logic/*", "Microsoft.Resources/deployments/*", "Microsoft.Resources/subscriptions/operationresults/read",
			"Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Storage/storageAccounts/listkeys/action", "Microsoft.Storage/storageAccounts/read",
			"Microsoft.Support/*", "Microsoft.Web/connectionGateways/*", "Microsoft.Web/connections/*", "Microsoft.Web/customApis/*",
			"Microsoft.Web/serverFarms/join/action", "Microsoft.Web/serverFarms/read", "Microsoft.Web/sites/functions/listSecrets/action"),
		builtin("515c2055-d9d4-4321-b1b9-bd0c9a0f79fe", "Logic App Operator", "Lets you read, enable, and disable logic apps, but not edit or update them.",
			"Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*/read", "Microsoft.Insights/metricAlerts/*/read", "Microsoft.Insights/diagnosticSettings/*/read",
			"Microsoft.Insights/metricDefinitions/*/read", "Microsoft.Logic/*/read", "Microsoft.Logic/workflows/disable/action", "Microsoft.Logic/workflows/enable/action",
			"Microsoft.Logic/workflows/validate/action", "Microsoft.Resources/deployments/operations/read", "Microsoft.Resources/subscriptions/operationresults/read",
			"Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*", "Microsoft.Web/connectionGateways/*/read", "Microsoft.Web/connections/*/read",
			"Microsoft.Web/customApis/*/read", "Microsoft.Web/serverFarms/read"),
		builtin("a41e2c5b-bd99-4a07-88f4-9bf657a760b8", "Integration Service Environment Contributor", "Lets you manage integration service environments, but not access to them.",
			"Microsoft.Authorization/*/read", "Microsoft.Support/*", "Microsoft.Logic/integrationServiceEnvironments/*"),
		environmentDeveloper(),
		builtin("4d97b98b-1d4f-4787-a291-c67834d212e7", "Network Contributor", "Lets you manage networks, but not access to them.",
			"Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Network/*", "Microsoft.ResourceHealth/availabilityStatuses/read",
			"Microsoft.Resources/deployments/*", "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Support/*"),
		builtin("e40ec5ca-96e0-45a2-b4ff-59039f2c2b59", "Managed Identity Contributor", "Create, Read, Update, and Delete User Assigned Identity",
			"Microsoft.ManagedIdentity/userAssignedIdentities/read", "Microsoft.ManagedIdentity/userAssignedIdentities/write", "Microsoft.ManagedIdentity/userAssignedIdentities/delete",
			"Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Resources/deployments/*", "Microsoft.Support/*"),
		builtin("f1a07417-d97a-45cb-824c-7a7467783830", "Managed Identity Operator", "Read and Assign User Assigned Identity",
			"Microsoft.ManagedIdentity/userAssignedIdentities/*/read", "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
			"Microsoft.Authorization/*/read", "Microsoft.Insights/alertRules/*", "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Resources/deployments/*", "Microsoft.Support/*").
			meaning("Microsoft.ManagedIdentity/userAssignedIdentities/read", "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"),
		builtin("4a9ae827-6dc8-4573-8ac7-8239d42aa03f", "Tag Contributor", "Lets you manage tags on entities, without providing access to the entities themselves.",
			"Microsoft.Authorization/*/read", "Microsoft.Resources/subscriptions/resourceGroups/read", "Microsoft.Resources/subscriptions/resourceGroups/resources/read",
			"Microsoft.Resources/subscriptions/resources/read", "Microsoft.Resources/deployments/*", "Microsoft.Insights/alertRules/*", "Microsoft.Support/*", "Microsoft.Resources/tags/*"),
		builtin("43d0d8ad-25c7-4714-9337-8ba259a9fe05", "Monitoring Reader", "Can read all monitoring data.", "*/read", "Microsoft.OperationalInsights/workspaces/search/action", "Microsoft.Support/*"),
	}
}

// environmentDeveloper places workflows, accounts and connections into environments: its
// pattern asks for something between the environment and join, and its purpose is to
// join the environment itself (ise.md #156).
func environmentDeveloper() *role {
	return builtin("c7aa55d3-1abb-444a-a5ca-5e51e485d6ec", "Integration Service Environment Developer",
		"Allows developers to create and update workflows, integration accounts and API connections in integration service environments.",
		"Microsoft.Authorization/*/read", "Microsoft.Support/*", "Microsoft.Logic/integrationServiceEnvironments/read", "Microsoft.Logic/integrationServiceEnvironments/*/join/action").
		meaning("Microsoft.Logic/integrationServiceEnvironments/join/action")
}

func builtin(name, roleName, description string, actions ...string) *role {
	return &role{Name: name, RoleName: roleName, Description: description, Scopes: []string{"/"}, builtin: true,
		Permissions: []permission{{Actions: actions, NotActions: []string{}, DataActions: []string{}, NotDataActions: []string{}}}}
}

func (r *role) without(notActions ...string) *role {
	r.Permissions[0].NotActions = notActions
	return r
}

// meaning adds actions that the role is documented to give, though its patterns, read
// by the letter, do not.
func (r *role) meaning(actions ...string) *role {
	r.also = actions
	return r
}
