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
	packets atomic.Int32 // that were relayed to somebody
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

// relayPackets relays datagrams, with a head before each, for as long as a connection lasts.
// Before each answer comes what is none: a piece of a datagram, and one of somebody else.
func (p *proxyServer) relayPackets(c net.Conn) {
	inner, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return
	}
	outer, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return
	}
	defer inner.Close()
	defer outer.Close()
	_, _ = c.Write(binary.BigEndian.AppendUint16([]byte{5, 0, 0, 1, 0, 0, 0, 0}, uint16(inner.LocalAddr().(*net.UDPAddr).Port)))
	client := make(chan net.Addr, 1)
	go func() {
		b := make([]byte, 2048)
		for {
			n, from, err := inner.ReadFrom(b)
			if err != nil {
				return
			}
			select {
			case client <- from:
			default:
			}
			to := netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), binary.BigEndian.Uint16(b[8:10]))
			p.packets.Add(1)
			_, _ = outer.WriteTo(b[10:n], net.UDPAddrFromAddrPort(to))
		}
	}()
	go func() {
		b := make([]byte, 2048)
		to := <-client
		for {
			n, from, err := outer.ReadFrom(b)
			if err != nil {
				return
			}
			at := from.(*net.UDPAddr).AddrPort()
			head := binary.BigEndian.AppendUint16(append([]byte{0, 0, 0, 1}, at.Addr().Unmap().AsSlice()...), at.Port())
			for _, packet := range [][]byte{append([]byte{0, 0, 1}, head[3:]...), {0, 0, 0, 1, 192, 0, 2, 1, 0, 1, 'x'}, append(head, b[:n]...)} {
				_, _ = inner.WriteTo(packet, to)
			}
		}
	}()
	_, _ = io.Copy(io.Discard, c)
}

// socksServer takes literal IPv4 addresses only (RFC 1928, RFC 1929).
func socksServer(p *proxyServer, c net.Conn) {
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
	if request[1] == 3 {
		p.relayPackets(c)
		return
	}
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

// What a proxy sends is not ours to trust.
func FuzzSocksDatagram(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 192, 0, 2, 1, 0, 53, 'a'})
	f.Add([]byte{0, 0, 0, 4, 0x20, 1, 13, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 53})
	f.Add([]byte{0, 0, 0, 3, 1, 'a', 0, 53})
	f.Fuzz(func(t *testing.T, packet []byte) {
		from, data, ok := cutSocksHead(packet)
		if ok && (!from.IsValid() || len(data) > len(packet)-10) {
			t.Errorf("%x: %x from %s", packet, data, from)
		}
	})
}
