package arm

import (
	"slices"
	"testing"
)

// TestProblemsAreJoined: what was told of a member is not told again with the same code;
// two problems of one member that differ in what they say are both told.
func TestProblemsAreJoined(t *testing.T) {
	found := []*Error{Invalid("A", "name", "It is wrong.")}
	err := Problems([]*Error{
		Invalid("A", "name", "It is not right."),
		Invalid("B", "properties.x", "See rule one."),
		Invalid("B", "properties.x", "See rule two."),
		Invalid("B", "properties.x", "See rule one."),
	})
	var got []string
	for _, e := range join(found, err) {
		got = append(got, e.Code+" "+e.Message)
	}
	if want := []string{"A It is wrong.", "B See rule one.", "B See rule two."}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
