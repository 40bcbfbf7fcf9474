package portal

import (
	"net/http"
	"net/netip"
)

// Local reports whether a request comes from this machine, by the address it comes from.
// One that a proxy brings does not: the proxy may be here, and the caller anywhere.
func Local(r *http.Request, from netip.Addr) bool {
	for _, name := range [...]string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	return from.IsLoopback()
}
