package logic_test

import (
	"strings"
	"testing"
)

// Who gives a workflow a user-assigned identity has its runs act in the name of it, and
// so must be allowed to assign it; what the workflow has already it keeps.
func TestIdentitiesAreAssignedByWhoMay(t *testing.T) {
	w := newWorld(t)
	identified := func(ids ...string) string {
		return strings.Replace(recorder, `"properties":`, `"identity":{"type":"UserAssigned","userAssignedIdentities":{"`+strings.Join(ids, `":{},"`)+`":{}}},"properties":`, 1)
	}
	const scope = "/subscriptions/" + subscription + "/resourceGroups/"
	const mine, theirs = scope + "open/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine", scope + "closed/providers/Microsoft.ManagedIdentity/userAssignedIdentities/theirs"
	flow := workflows + "/identified"
	w.refused("PUT", flow, identified(mine, theirs), 403, "LinkedAuthorizationFailed")
	for _, none := range []string{"mine", scope + "open/providers/Microsoft.Logic/workflows/other", "/subscriptions"} {
		w.refused("PUT", flow, identified(none), 400, "InvalidIdentityId")
	}
	w.send("PUT", flow, identified(mine), 201)
	w.refused("PUT", flow, identified(mine, theirs), 403, "LinkedAuthorizationFailed")
	w.refused("PATCH", flow, `{"identity":{"type":"UserAssigned","userAssignedIdentities":{"`+theirs+`":{}}}}`, 403, "LinkedAuthorizationFailed")
	w.send("PUT", flow, identified(strings.ToUpper(mine)), 200)
	w.send("PUT", flow, recorder, 200)
}
