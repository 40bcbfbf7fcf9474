package dataplane

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
)

// benchPlace has a group of 200 rules, a firewall on the way and some attachments.
func benchPlace(b *testing.B) *Place {
	var rules []string
	for i := range 200 {
		rules = append(rules, fmt.Sprintf("Out %d Deny Tcp * 198.51.%d.0/24 %d", 200+i, i, 1000+i))
	}
	p := placeOf(b, throughFirewall(model(rules...), "203.0.113.0/24"))
	for i := range 10 {
		p.mapped(fmt.Sprintf("10.0.1.%d:22", 10+i), fmt.Sprintf("192.0.2.%d:2222", i))
	}
	return p
}

func benchServer(b *testing.B) netip.AddrPort {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// BenchmarkDial compares a judged dial to loopback with a plain one.
func BenchmarkDial(b *testing.B) {
	to := benchServer(b).String()
	b.Run("plain", func(b *testing.B) {
		var d net.Dialer
		for b.Loop() {
			c, err := d.DialContext(b.Context(), "tcp", to)
			if err != nil {
				b.Fatal(err)
			}
			c.Close()
		}
	})
	place := benchPlace(b)
	attempts := 0
	for name, o := range map[string]Options{"judged": {Networks: in(place)}, "told": {Networks: in(place), Attempted: func(Attempt) { attempts++ }}} {
		d := NewInproc(o).Dialer("e", SubnetBuiltIn)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c, err := d.Dial(b.Context(), "tcp", to)
				if err != nil {
					b.Fatal(err)
				}
				c.Close()
			}
		})
	}
}

// BenchmarkUsed is what it costs to tell of the use of a connection that is kept.
func BenchmarkUsed(b *testing.B) {
	attempts := 0
	n := NewInproc(Options{Networks: in(benchPlace(b)), Attempted: func(Attempt) { attempts++ }})
	ctx := WithSubject(b.Context(), Subject{Workflow: "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w", Name: "Call"})
	c, err := n.Dialer("e", SubnetBuiltIn).Dial(ctx, "tcp", benchServer(b).String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	b.ReportAllocs()
	for b.Loop() {
		Used(ctx, c, true)
	}
}

func BenchmarkJudge(b *testing.B) {
	n := NewInproc(Options{Networks: in(benchPlace(b))})
	for name, to := range map[string]string{"allowed": "203.0.113.5:443", "denied": "198.51.7.1:1007", "attached": "10.0.1.15:22", "host": "127.0.0.1:80"} {
		f := Flow{Source: n.Dialer("e", SubnetBuiltIn).Source(), Protocol: "tcp", Address: addrPort(to)}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n.Judge(f)
			}
		})
	}
}

func BenchmarkAdmit(b *testing.B) {
	n := NewInproc(Options{Networks: in(benchPlace(b))})
	source := n.Dialer("e", SubnetBuiltIn).Source()
	for name, c := range map[string]Caller{"public": {Address: addr("203.0.113.9")}, "host": {Address: addr("127.0.0.1")}, "neighbour": {Address: addr("192.168.7.7")}, "workflow": {Source: &source}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n.Admit("e", c)
			}
		})
	}
}
