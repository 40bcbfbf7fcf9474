package dataplane

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync/atomic"
	"testing"
)

// proxyServer is a proxy that knows one user with the password "secret".
type proxyServer struct {
	address string
	calls   atomic.Int32
}

func (p *proxyServer) port() string {
	_, port, _ := net.SplitHostPort(p.address)
	return port
}

func newProxy(t *testing.T, serve func(*proxyServer, net.Conn)) *proxyServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &proxyServer{address: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.calls.Add(1)
			go func() {
				defer c.Close()
				serve(p, c)
			}()
		}
	}()
	return p
}

func tunnel(client io.ReadWriter, to string) {
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(server, client) }()
	_, _ = io.Copy(client, server)
}

// socksServer takes literal IPv4 addresses only (RFC 1928, RFC 1929).
func socksServer(_ *proxyServer, c net.Conn) {
	read := func(n int) []byte {
		b := make([]byte, n)
		if _, err := io.ReadFull(c, b); err != nil {
			return make([]byte, n)
		}
		return b
	}
	if methods := read(int(read(2)[1])); len(methods) > 1 {
		_, _ = c.Write([]byte{5, 2})
		user := read(int(read(2)[1]))
		if password := read(int(read(1)[0])); string(user) != "user" || string(password) != "secret" {
			_, _ = c.Write([]byte{1, 1})
			return
		}
		_, _ = c.Write([]byte{1, 0})
	} else {
		_, _ = c.Write([]byte{5, 0})
	}
	request := read(4)
	if request[3] != 1 {
		_, _ = c.Write([]byte{5, 8, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	to := netip.AddrPortFrom(netip.AddrFrom4([4]byte(read(4))), binary.BigEndian.Uint16(read(2)))
	_, _ = c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	tunnel(c, to.String())
}

// connectServer is an HTTP proxy. It begins to relay in the same packet as its answer.
func connectServer(_ *proxyServer, c net.Conn) {
	buffered := bufio.NewReader(c)
	r, err := http.ReadRequest(buffered)
	if err != nil {
		return
	}
	probe := &http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	if user, password, given := probe.BasicAuth(); given && (user != "user" || password != "secret") || r.Method != http.MethodConnect {
		_, _ = io.WriteString(c, "HTTP/1.1 407 no "+strconv.Quote(password)+"\r\nContent-Length: 0\r\n\r\n")
		return
	}
	server, err := net.Dial("tcp", r.RequestURI)
	if err != nil {
		return
	}
	defer server.Close()
	b := make([]byte, 64)
	n, _ := server.Read(b) // the greeting
	_, _ = c.Write(append([]byte("HTTP/1.1 200 OK\r\n\r\n"), b[:n]...))
	go func() { _, _ = io.Copy(server, c) }()
	_, _ = io.Copy(c, server)
}
