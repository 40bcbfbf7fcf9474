package runner

import "testing"

// A queue whose looks keep failing has one timer, not one for each look.
func TestQueueHasOneTimer(t *testing.T) {
	k := flowKey{"e", "f"}
	q := queues{each: map[flowKey]*queue{}}
	if q.time(k) {
		t.Error("a queue that is forgotten got a timer")
	}
	if !q.look(k, true) {
		t.Fatal("nobody looks at a fresh queue")
	}
	if !q.time(k) {
		t.Fatal("no timer after the first failure")
	}
	if q.time(k) {
		t.Error("a second timer beside the first")
	}
	q.ring(k)
	if !q.time(k) {
		t.Error("no timer after the first has run out")
	}
}
