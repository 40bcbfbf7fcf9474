package server

import (
	"slices"
	"testing"

	"isle/internal/arm"
	"isle/internal/deploy"
)

// The list without a server is that of a server.
func TestResourceTypes(t *testing.T) {
	s := start(t, t.TempDir())
	served := arm.Names(s.types(new(deploy.Provider)))
	if listed := ResourceTypes(); !slices.Equal(listed, append(served, arm.TypeNames()...)) {
		t.Errorf("listed %v, served %v", listed, served)
	}
}
