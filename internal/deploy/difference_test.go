package deploy

import (
	"testing"

	"isle/expr"
)

func TestDifferences(t *testing.T) {
	for _, tt := range []struct {
		name, before, after, want string
		partial                   bool
	}{
		{"the same", `{"location":"West Europe","id":"/x","properties":{"a":[1,2]}}`, `{"location":"westeurope","id":"/X","properties":{"a":[1,2]}}`, `[]`, false},
		{"what is empty is nothing", `{"tags":{},"a":[]}`, `{"b":null,"c":{}}`, `[]`, false},
		{"IDs in another case", `{"p":{"id":"/subscriptions/s/resourceGroups/G"}}`, `{"p":{"id":"/subscriptions/S/resourcegroups/g"}}`, `[]`, false},
		{"a member more and one less", `{"p":{"a":1}}`, `{"p":{"b":2}}`, `[{"path":"p.a","propertyChangeType":"Delete","before":1},{"path":"p.b","propertyChangeType":"Create","after":2}]`, false},
		{"another kind", `{"p":"1"}`, `{"p":1}`, `[{"path":"p","propertyChangeType":"Modify","before":"1","after":1}]`, false},
		{"an array of values", `{"p":["a","b","c"]}`, `{"p":["b","c","d"]}`,
			`[{"path":"p","propertyChangeType":"Array","children":[{"path":"0","propertyChangeType":"Delete","before":"a"},{"path":"2","propertyChangeType":"Create","after":"d"}]}]`, false},
		{"elements by name", `{"p":[{"name":"x","properties":{"v":1}},{"name":"y"}]}`, `{"p":[{"name":"y"},{"name":"X","properties":{"v":2}}]}`,
			`[{"path":"p","propertyChangeType":"Array","children":[{"path":"0","propertyChangeType":"Modify","children":[{"path":"name","propertyChangeType":"Modify","before":"x","after":"X"},{"path":"properties.v","propertyChangeType":"Modify","before":1,"after":2}]}]}]`, false},
		{"elements by place", `{"p":[{"v":1},{"v":2}]}`, `{"p":[{"v":1},{"v":3}]}`,
			`[{"path":"p","propertyChangeType":"Array","children":[{"path":"1","propertyChangeType":"Modify","children":[{"path":"v","propertyChangeType":"Modify","before":2,"after":3}]}]}]`, false},
		{"twice the same value", `{"p":["a","a"]}`, `{"p":["a"]}`, `[{"path":"p","propertyChangeType":"Array","children":[{"path":"1","propertyChangeType":"Delete","before":"a"}]}]`, false},
		{"not the whole", `{"p":{"a":1,"b":2}}`, `{"p":{"b":3,"c":"[reference('x')]","d":"*******"}}`, `[{"path":"p.b","propertyChangeType":"Modify","before":2,"after":3}]`, true},
	} {
		before, _ := expr.ParseJSON([]byte(tt.before))
		after, _ := expr.ParseJSON([]byte(tt.after))
		got := string(expr.Array(comparison{partial: tt.partial}.of(before, after)...).JSON())
		if got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
}
