package server

import (
	"slices"
	"testing"

	"isle/internal/arm"
	"isle/internal/deploy"
	"isle/internal/network"
)

// The list without a server is that of a server.
func TestResourceTypes(t *testing.T) {
	s := start(t, t.TempDir())
	served := arm.Names(slices.Concat(network.Types(s.store, s.policies), s.logic.Types(), s.accounts.Types(), s.web.Types(), new(deploy.Provider).Types(), s.access.Types(), s.issuer.Types()))
	if listed := ResourceTypes(); !slices.Equal(listed, append(served, arm.TypeNames()...)) {
		t.Errorf("listed %v, served %v", listed, served)
	}
}
