package main

import (
	"fmt"
	"strings"
	"testing"
)

// Who names a workflow that is not there is told which ones are.
func TestAMissingWorkflow(t *testing.T) {
	var many []string
	for i := range 12 {
		many = append(many, fmt.Sprintf("w%02d", i))
	}
	for _, tt := range []struct {
		others []string
		want   string
	}{
		{nil, "deploy TEMPLATE"},
		{[]string{"pay", "order", "order"}, `there is no workflow "nosuch"; there is order, pay`},
		{many, "w09 and 2 more"},
	} {
		if got := noWorkflow("nosuch", tt.others).Error(); !strings.Contains(got, tt.want) {
			t.Errorf("%v: %s", tt.others, got)
		}
	}
}
