package dataplane

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestFlowLog(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2024, 3, 15, 10, 30, 45, 0, time.FixedZone("", 3600))
	l := NewFlowLog(&out, func() time.Time { return now })
	n := NewInproc(Options{Networks: in(place(t, "Out 200 Deny Tcp * Internet 443")), Observe: l.Observe, Resolver: names{"shop.test": {"203.0.113.5"}}})
	_, _ = n.Dialer("e", SubnetBuiltIn).Dial(t.Context(), "tcp", "shop.test:443")
	n.Admit("e", Caller{Address: addr("203.0.113.9")})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l.Observe(Decision{}) // too late
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%s", out.String())
	}
	var dns, denied, call map[string]any
	for i, line := range []*map[string]any{&dns, &denied, &call} {
		if err := json.Unmarshal([]byte(lines[i]), line); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]any{"time": "2024-03-15T09:30:45Z", "environment": "e", "direction": "Outbound", "host": "shop.test", "verdict": "Deny", "stage": "subnetOut",
		"protocol": "Tcp", "sourceAddress": "10.0.0.5", "destinationAddress": "203.0.113.5", "destinationPort": 443., "ruleName": "securityRules/Out200",
		"message":       "denied by securityRules/Out200 (priority 200) of NSG web on subnet front",
		"environmentId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/integrationServiceEnvironments/ise"} {
		if denied[name] != want {
			t.Errorf("%s: %v, want %v", name, denied[name], want)
		}
	}
	if dns["destinationAddress"] != "168.63.129.16" || dns["stage"] != "platform" || call["direction"] != "Inbound" || call["host"] != nil {
		t.Errorf("%v %v", dns, call)
	}
}

// stuck is a writer that takes nothing until it may.
type stuck struct {
	bytes.Buffer
	may chan struct{}
	err error
}

func (s *stuck) Write(b []byte) (int, error) {
	<-s.may
	if s.err != nil {
		return 0, s.err
	}
	return s.Buffer.Write(b)
}

func TestFlowLogNeverBlocks(t *testing.T) {
	out := &stuck{may: make(chan struct{})}
	l := NewFlowLog(out, nil)
	const total = 3 * flowLogQueue
	for i := range total {
		l.Observe(Decision{Flow: Flow{Host: fmt.Sprint(i)}})
	}
	close(out.may)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	written, dropped := 0, 0
	for line := range strings.Lines(out.String()) {
		var v struct{ Dropped int }
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		if dropped += v.Dropped; v.Dropped == 0 {
			written++
		}
	}
	if written < flowLogQueue || dropped == 0 || written+dropped != total {
		t.Errorf("%d written, %d dropped", written, dropped)
	}
}

func TestFlowLogTellsWhatTheWriterSays(t *testing.T) {
	out := &stuck{may: make(chan struct{}), err: errors.New("disk full")}
	close(out.may)
	l := NewFlowLog(out, nil)
	l.Observe(Decision{})
	if err := l.Close(); err == nil || err.Error() != "disk full" {
		t.Errorf("%v", err)
	}
}

// filled is a writer that takes part of what it is first given, and then all.
type filled struct {
	bytes.Buffer
	part int
	once bool
}

func (f *filled) Write(b []byte) (int, error) {
	if !f.once {
		f.once = true
		n, _ := f.Buffer.Write(b[:f.part])
		return n, errors.New("disk full")
	}
	return f.Buffer.Write(b)
}

// What a writer does not take is told as dropped, and the log goes on.
func TestFlowLogGoesOnWhereWritingFails(t *testing.T) {
	out := new(filled)
	l, b := &FlowLog{}, newFlowBatch()
	l.dropped.Store(5)
	for range 2 {
		l.take(b, out, flowLine{})
	}
	l.flush(b, out)
	if out.Len() > 0 || l.dropped.Load() != 7 {
		t.Errorf("%d bytes are written, %d lines dropped", out.Len(), l.dropped.Load())
	}
	out.once, out.part = false, len(`{"dropped":7}`)+1
	l.take(b, out, flowLine{})
	l.flush(b, out)
	l.take(b, out, flowLine{Host: "last"})
	l.flush(b, out)
	if got := out.String(); !strings.HasPrefix(got, `{"dropped":7}`+"\n"+`{"dropped":1}`+"\n") || strings.Count(got, "\n") != 3 || !strings.Contains(got, `"host":"last"`) || l.err == nil {
		t.Errorf("%q, %v", got, l.err)
	}
}

func TestIsolation(t *testing.T) {
	i := NewInproc(Options{}).Isolation("")
	if b, _ := json.Marshal(i); i.Isolated || i.Mode != "inproc" || len(i.Reasons) == 0 || !strings.HasPrefix(string(b), `{"mode":"inproc","isolated":false,"reasons":["`) {
		t.Errorf("%s", b)
	}
}
