package access

import "testing"

func TestPatternsMatchActions(t *testing.T) {
	for _, c := range []struct {
		pattern, action string
		want            bool
	}{
		{"*", "Microsoft.Logic/workflows/write", true},
		{"*/read", "Microsoft.Logic/workflows/read", true},
		{"*/read", "Microsoft.Logic/workflows/readers/write", false},
		{"Microsoft.Logic/*", "microsoft.logic/WORKFLOWS/write", true},
		{"Microsoft.Logic/*", "Microsoft.LogicX/workflows/write", false},
		{"Microsoft.Logic/workflows/read", "Microsoft.Logic/workflows/READ", true},
		{"Microsoft.Logic/workflows/read", "Microsoft.Logic/workflows/runs/read", false},
		{"Microsoft.Authorization/*/Write", "Microsoft.Authorization/roleAssignments/write", true},
		{"Microsoft.Authorization/*/Write", "Microsoft.Authorization/write", false},
		{"Microsoft.Logic/*/runs/*/read", "Microsoft.Logic/workflows/runs/actions/read", true},
		{"Microsoft.Logic/*/runs/*/read", "Microsoft.Logic/workflows/runs/read", false},
		{"a*a", "a", false},
		{"", "", true},
	} {
		if got := matches(c.pattern, c.action); got != c.want {
			t.Errorf("%q on %q: %v", c.pattern, c.action, got)
		}
	}
}

func TestScopesCover(t *testing.T) {
	for _, c := range []struct {
		above, below string
		want         bool
	}{
		{"/", "/subscriptions/s", true},
		{"/subscriptions/s", "/subscriptions/S/resourceGroups/g", true},
		{"/subscriptions/s/resourceGroups/g", "/subscriptions/s/resourceGroups/g2", false},
		{"/subscriptions/s/resourceGroups/g", "/subscriptions/s", false},
		{"/subscriptions/s", "/subscriptions/s2", false},
	} {
		if got := covers(c.above, c.below); got != c.want {
			t.Errorf("%q over %q: %v", c.above, c.below, got)
		}
	}
}

// ise.md #155 to #157, and what the other built-in roles are for.
func TestBuiltinRoles(t *testing.T) {
	roles := map[string]*role{}
	for _, r := range builtinRoles() {
		roles[r.RoleName] = r
	}
	const logic, access = "Microsoft.Logic/", "Microsoft.Authorization/"
	for _, c := range []struct {
		role, action string
		want         bool
	}{
		{"Owner", access + "roleAssignments/write", true},
		{"Contributor", logic + "workflows/delete", true},
		{"Contributor", access + "roleAssignments/read", true},
		{"Contributor", access + "roleAssignments/write", false},
		{"Contributor", access + "roleDefinitions/delete", false},
		{"Contributor", access + "elevateAccess/action", false},
		{"Reader", logic + "workflows/runs/actions/read", true},
		{"Reader", logic + "workflows/triggers/listCallbackUrl/action", false},
		{"Reader", logic + "workflows/write", false},
		{"Reader", "Microsoft.Network/networkWatchers/packetCaptures/read", true},
		{"Reader", "Microsoft.Network/networkWatchers/packetCaptures/listContentUrl/action", false},
		{"Network Contributor", "Microsoft.Network/networkWatchers/packetCaptures/listContentUrl/action", true},
		{"User Access Administrator", access + "roleAssignments/write", true},
		{"User Access Administrator", logic + "workflows/write", false},
		{"Role Based Access Control Administrator", access + "roleAssignments/delete", true},
		{"Role Based Access Control Administrator", access + "roleDefinitions/write", false},
		{"Logic App Contributor", logic + "workflows/write", true},
		{"Logic App Contributor", "Microsoft.Network/virtualNetworks/read", false},
		{"Logic App Contributor", access + "roleAssignments/write", false},
		{"Logic App Operator", logic + "workflows/enable/action", true},
		{"Logic App Operator", logic + "workflows/disable/action", true},
		{"Logic App Operator", logic + "workflows/validate/action", true},
		{"Logic App Operator", logic + "workflows/read", true},
		{"Logic App Operator", logic + "workflows/write", false},
		{"Logic App Operator", logic + "workflows/triggers/run/action", false},
		{"Integration Service Environment Contributor", logic + "integrationServiceEnvironments/write", true},
		{"Integration Service Environment Contributor", logic + "integrationServiceEnvironments/join/action", true},
		{"Integration Service Environment Contributor", logic + "workflows/write", false},
		{"Integration Service Environment Contributor", access + "roleAssignments/write", false},
		{"Integration Service Environment Developer", logic + "integrationServiceEnvironments/read", true},
		{"Integration Service Environment Developer", logic + "integrationServiceEnvironments/join/action", true},
		{"Integration Service Environment Developer", logic + "integrationServiceEnvironments/managedApis/join/action", true},
		{"Integration Service Environment Developer", logic + "integrationServiceEnvironments/write", false},
		{"Integration Service Environment Developer", logic + "workflows/write", false},
		{"Managed Identity Operator", "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action", true},
		{"Managed Identity Operator", "Microsoft.ManagedIdentity/userAssignedIdentities/write", false},
	} {
		r := roles[c.role]
		if r == nil {
			t.Errorf("there is no role %s", c.role)
		} else if got := r.allows(c.action); got != c.want {
			t.Errorf("%s, %s: %v", c.role, c.action, got)
		}
	}
}
