package http

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"testing"

	"isle/internal/netns"
)

// A namespace that is gone is named: the innermost text tells of some file.
func TestNamespaceFailure(t *testing.T) {
	gone := &netns.Error{Path: "/run/netns/gone", Err: fmt.Errorf("it cannot be opened: %w", os.ErrNotExist)}
	out := failure(&url.Error{Op: "Get", URL: "http://h/?secret", Err: &net.OpError{Op: "dial", Err: gone}})
	if want := "Http request failed: the network namespace /run/netns/gone: it cannot be opened: file does not exist."; out.Error.Message != want || !out.Retryable {
		t.Errorf("%q %t, not %q", out.Error.Message, out.Retryable, want)
	}
}
