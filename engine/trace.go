package engine

import (
	"encoding/hex"
	"strings"
)

// Trace is where a run stands in a distributed trace (W3C Trace Context), as whoever
// began it said. The zero value is in none.
type Trace struct {
	ID     [16]byte // of the trace; zero: none
	Parent [8]byte  // the span that began the run
	Flags  byte     // 1: sampled
	State  string   // tracestate, as it came
}

// maxTraceState bounds what is handed on of a tracestate, in bytes; the standard lets a
// longer one be dropped.
const maxTraceState = 512

// ParseTrace reads the headers traceparent and tracestate. What is not as the standard
// has it is no trace: false.
func ParseTrace(parent, state string) (t Trace, ok bool) {
	parts := strings.Split(strings.TrimSpace(parent), "-")
	if len(parts) < 4 || parts[0] == "ff" || parts[0] == "00" && len(parts) != 4 {
		return t, false
	}
	var version, flags [1]byte
	for i, into := range [...][]byte{version[:], t.ID[:], t.Parent[:], flags[:]} {
		if len(parts[i]) != 2*len(into) || parts[i] != strings.ToLower(parts[i]) {
			return Trace{}, false
		}
		if _, err := hex.Decode(into, []byte(parts[i])); err != nil {
			return Trace{}, false
		}
	}
	if t.ID == ([16]byte{}) || t.Parent == ([8]byte{}) {
		return Trace{}, false
	}
	t.Flags = flags[0]
	if state = strings.TrimSpace(state); len(state) <= maxTraceState && printable(state) {
		t.State = state
	}
	return t, true
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c < ' ' || c > '~' }) < 0
}

// Known says whether there is a trace.
func (t Trace) Known() bool { return t.ID != [16]byte{} }

// Traceparent is the header of that name; "" without a trace.
func (t Trace) Traceparent() string {
	if !t.Known() {
		return ""
	}
	return "00-" + hex.EncodeToString(t.ID[:]) + "-" + hex.EncodeToString(t.Parent[:]) + "-" + hex.EncodeToString([]byte{t.Flags})
}

func appendTrace(b []byte, t Trace) []byte {
	b = append(append(append(b, t.ID[:]...), t.Parent[:]...), t.Flags)
	return appendText(b, t.State)
}

func (d *decoder) trace() (t Trace) {
	for _, into := range [...][]byte{t.ID[:], t.Parent[:]} {
		for i := range into {
			into[i] = d.byte()
		}
	}
	t.Flags, t.State = d.byte(), d.text()
	return t
}
