package server

import (
	"net"
	"net/http"
	"sync"
)

// unused are the connections on which no request has begun. [http.Server.Shutdown]
// gives them five seconds, as their first request may be on its way; browsers and
// connection pools open such connections in advance and leave them so. The zero value
// is ready for use.
type unused struct {
	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool // new ones are closed at once
}

// watch is an http.Server's ConnState.
func (u *unused) watch(c net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(u.conns, c)
	case u.closed:
		_ = c.Close()
	default:
		if u.conns == nil {
			u.conns = map[net.Conn]struct{}{}
		}
		u.conns[c] = struct{}{}
	}
}

// close closes those there are and those to come.
func (u *unused) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	for c := range u.conns {
		_ = c.Close()
	}
	u.conns = nil
}
