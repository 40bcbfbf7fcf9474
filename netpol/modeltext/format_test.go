package modeltext_test

import (
	"math/rand/v2"
	"testing"

	"isle/netpol"
	"isle/netpol/layout/layouttest"
	"isle/netpol/modeltext"
)

// TestWhatIsWrittenSaysTheSame: a model that was written and read again judges all flows
// as the first one does, and is written alike.
func TestWhatIsWrittenSaysTheSame(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for i := range uint64(20) {
		random := layouttest.New(seed + i)
		in := random.Input(6)
		text := modeltext.Format(in.Model)
		again := modeltext.Parse(t, text, nil)
		if other := modeltext.Format(again); other != text {
			t.Fatalf("written again:\n%s\nfirst:\n%s", other, text)
		}
		policy, err := netpol.Compile(again)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		for range 200 {
			from := in.Model.Interfaces[random.IntN(len(in.Model.Interfaces))].Addresses[0]
			f := random.Flow(from)
			for _, n := range in.Policy.Networks() {
				other, ok := policy.Network(n.ID())
				if !ok {
					t.Fatalf("%s is not there\n%s", n.ID(), text)
				}
				if want, got := n.Trace(f).String(), other.Trace(f).String(); got != want {
					t.Fatalf("it says\n%s\nand did say\n%s\nof\n%s", got, want, text)
				}
			}
		}
	}
}
