package deploy

import (
	"fmt"
	"testing"
)

// Of many resources that each name the two before them, there are more ways through than
// can be walked.
func TestDependenciesOfAnExportAreWalkedOnce(t *testing.T) {
	e := &export{depends: map[string][]string{}}
	const n = 400
	for i := range n {
		for _, before := range []int{i - 1, i - 2} {
			if before >= 0 {
				e.depends[fmt.Sprint(i)] = append(e.depends[fmt.Sprint(i)], fmt.Sprint(before))
			}
		}
	}
	last := fmt.Sprint(n - 1)
	if e.leads(last, "none") || e.leads("0", last) || !e.leads(last, "0") || !e.leads(last, last) {
		t.Error("a dependency is not as declared")
	}
}
