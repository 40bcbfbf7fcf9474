package engine

import "testing"

// TestADepthIsKept: a run knows how many workflows called each other before it, also
// after it was loaded.
func TestADepthIsKept(t *testing.T) {
	w := compile(t, `{"W":{"type":"Workflow","inputs":{"host":{"triggerName":"manual","workflow":{"id":"/w"}}}}}`)
	for _, depth := range []int{0, 49} {
		p := newPlayer(t, w, Start{Depth: depth})
		p.step(Begin{})
		began := p.pending[0]
		res, err := p.load().Step(p.now, Resume{})
		if err != nil {
			t.Fatal(err)
		}
		again := res.Effects[0].(Call)
		if began.Depth != depth || again.Depth != depth || !again.Begun.Equal(began.Begun) || again.ID != began.ID || !again.Repeated {
			t.Errorf("depth %d: %+v, then %+v", depth, began, again)
		}
	}
}
