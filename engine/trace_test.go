package engine

import (
	"strings"
	"testing"
)

const sampleParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestTraceparent(t *testing.T) {
	for _, test := range []struct {
		parent, state string
		want          string // traceparent and tracestate; "" for no trace
	}{
		{sampleParent, "a=1,b=2", sampleParent + " a=1,b=2"},
		{" " + sampleParent + " ", "", sampleParent + " "},
		{"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-more", "", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00 "},
		{sampleParent, strings.Repeat("x", 513), sampleParent + " "},
		{sampleParent, "a=\n", sampleParent + " a="},
		{sampleParent, "a=\nb", sampleParent + " "},
		{"", "a=1", ""},
		{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "", ""},
		{sampleParent + "-more", "", ""},
		{"ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "", ""},
		{"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "", ""},
		{"00-00000000000000000000000000000000-00f067aa0ba902b7-01", "", ""},
		{"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", "", ""},
		{"00-4bf92f3577b34da6a3ce929d0e0e473x-00f067aa0ba902b7-01", "", ""},
		{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1", "", ""},
	} {
		got := ""
		if trace, ok := ParseTrace(test.parent, test.state); ok {
			got = trace.Traceparent() + " " + trace.State
		}
		if got != test.want {
			t.Errorf("%q, %q: %q, want %q", test.parent, test.state, got, test.want)
		}
	}
}

// The trace of a run is a part of its head; the head of a run without one is as long as
// before.
func TestTraceComesBack(t *testing.T) {
	trace, _ := ParseTrace(sampleParent, "a=1")
	w := compile(t, sample)
	with := newPlayer(t, w, Start{Trace: trace})
	with.step(Begin{})
	without := newPlayer(t, w, Start{})
	without.step(Begin{})
	s, err := DecodeHead(with.head)
	if err != nil || s.Trace != trace {
		t.Errorf("%v, %v", s.Trace, err)
	}
	if s, err := DecodeHead(without.head); err != nil || s.Trace.Known() {
		t.Errorf("%v, %v", s.Trace, err)
	}
	if more := len(with.head) - len(without.head); more != 16+8+1+4 {
		t.Errorf("a trace takes %d bytes", more)
	}
	again := with.load()
	with.run = again
	with.step(Resume{})
	if s, err := DecodeHead(with.head); err != nil || s.Trace != trace {
		t.Errorf("after loading: %v, %v", s.Trace, err)
	}
}
