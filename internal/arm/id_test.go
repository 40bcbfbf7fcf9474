package arm_test

import (
	"strings"
	"testing"
	"time"

	"isle/expr"
	"isle/internal/arm"
)

func TestParseID(t *testing.T) {
	for _, c := range []struct{ text, typ, name, parent, group string }{
		{"/subscriptions/s", arm.TypeSubscription, "s", "", ""},
		{"/subscriptions/s/resourcegroups/G/", arm.TypeGroup, "G", "", "/subscriptions/s/resourcegroups/G"},
		{"/Subscriptions/s/resourceGroups/g/providers/A.B/c/D", "A.B/c", "D", "", "/Subscriptions/s/resourceGroups/g"},
		{"/subscriptions/s/resourceGroups/g/providers/A.B/c/d/e/f", "A.B/c/e", "f", "/subscriptions/s/resourceGroups/g/providers/A.B/c/d", "/subscriptions/s/resourceGroups/g"},
		{"/subscriptions/s/providers/A.B/c/d", "A.B/c", "d", "", ""},
		{"/providers/A.B/c/d", "A.B/c", "d", "", ""},
		{"/subscriptions/s/resourceGroups/g/providers/A.B/c/d/providers/X.Y/z/n", "X.Y/z", "n", "", "/subscriptions/s/resourceGroups/g"},
	} {
		id, err := arm.ParseID(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		parent, _ := id.Parent()
		if id.Type() != c.typ || id.Name() != c.name || parent.String() != c.parent || id.GroupID().String() != c.group {
			t.Errorf("%s: type %s name %s parent %s group %s", c.text, id.Type(), id.Name(), parent, id.GroupID())
		}
	}
	for _, text := range []string{"", "/", "subscriptions", "/subscriptions/s/x", "/subscriptions/s/resourceGroups/g/providers/A.B/c", "/subscriptions/s/../t", "/a/b", "/subscriptions/s/providers/A.B/c/d/e"} {
		if id, err := arm.ParseID(text); err == nil {
			t.Errorf("%q was accepted as %v", text, id.Type())
		}
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("/subscriptions/s/resourceGroups/g/providers/A.B/c/d/e/f")
	f.Add("/providers/A/b/c/providers/X/y/z")
	f.Fuzz(func(t *testing.T, text string) {
		id, err := arm.ParseID(text)
		if err != nil {
			return
		}
		again, err := arm.ParseID(id.String())
		if err != nil || again.String() != id.String() || again.Type() != id.Type() {
			t.Fatalf("%q became %q: %v", text, id, err)
		}
		if parent, ok := id.Parent(); ok {
			child := parent.Child(id.Types[len(id.Types)-1], id.Name())
			if _, err := arm.ParseID(parent.String()); err != nil || !child.Equal(id) {
				t.Fatalf("%q: parent %q, child again %q, %v", text, parent, child, err)
			}
		}
	})
}

var fields = []arm.Field{{Name: "status"}, {Name: "startTime", Kind: arm.Time}, {Name: "size", Kind: arm.Number}, {Name: "on", Kind: arm.Flag}, {Name: "refers"}}

func TestFilters(t *testing.T) {
	v := map[string]expr.Value{"status": expr.String("Running"), "startTime": expr.String("2024-01-02T03:04:05.123Z"), "size": expr.Int(5), "on": expr.Bool(true),
		"refers": expr.Array(expr.String("A"), expr.String("b"))}
	for text, want := range map[string]bool{
		"status eq 'running'": true, "'Running' eq status": true, "status ne 'x'": true, "STATUS EQ 'Running' AND size gt 4": true,
		"size gt 4 and size lt 5": false, "size gt 5 or size le 5": true, "not (size eq 5)": false, "5 lt size": false, "4 lt size": true,
		"startTime ge 2024-01-02T03:04:05Z and startTime lt 2024-01-03": true, "startTime gt datetime'2024-01-03T00:00:00Z'": false, "startTime gt '2023-01-03T00:00:00Z'": true,
		"on eq true": true, "on ne true": false, "status eq null": false, "status ne null": true,
		"startswith(status,'run')": true, "substringof('NN',status)": true, "endswith(status,'x')": false,
		"refers eq 'a'": true, "refers eq 'B' and refers eq 'a'": true, "refers eq 'c'": false, "refers ne 'c'": true, "refers ne 'a'": false, "not (refers eq 'c')": true,
		"status eq 'a' or status eq 'Running' and size eq 1": false, "(status eq 'a' or status eq 'Running') and size eq 5": true,
	} {
		f, err := arm.ParseFilter(text, fields)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := f.Match(func(name string) expr.Value { return v[name] }); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	for _, text := range []string{"status", "status eq", "status eq Running", "status like 'x'", "(status eq 'x'", "status eq 'x') ", "status eq 'x", "and", "size eq 'x'",
		"startTime eq 5", "on gt true", "startswith(size,1)", "status eq 'a' status eq 'b'", strings.Repeat("(", 1000), "other eq 'x'", strings.Repeat("not ", 1000) + "on eq true"} {
		if _, err := arm.ParseFilter(text, fields); err == nil {
			t.Errorf("%.60q was accepted", text)
		}
	}
	for text, want := range map[string]string{
		"status":                   "'status' is not followed by one of the operators eq",
		"status like 'x'":          "'like' is not one of the operators eq",
		"status startswith 'x'":    "write startswith(status, 'text')",
		"(status Contains 'x')":    "write Contains(status, 'text')",
		"status eq 'a' and size 5": "'5' is not one of the operators",
	} {
		if _, err := arm.ParseFilter(text, fields); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	f, _ := arm.ParseFilter("status eq 'it''s' and startTime ge 2024-01-01 and startTime le 2024-02-01", fields)
	from, to := f.Between("startTime")
	if text, ok := f.Equals("code"); text != "" || ok {
		t.Errorf("a field that the filter does not name is %q, %v", text, ok)
	}
	if text, ok := f.Equals("status"); text != "it's" || !ok || from.Month() != time.January || to.Month() != time.February {
		t.Errorf("%q %v, %v to %v", text, ok, from, to)
	}
}

// Lower case may be longer or shorter than the text; a text may be no ID at all.
func TestLeadingID(t *testing.T) {
	for _, c := range []struct {
		text, want string
	}{
		{"/A/b", "/A/b"}, {"/a/B/c/d/e", "/a/B/c/d"}, {"/a/b/", "/a/b"}, {"/a/bc", ""}, {"/a", ""}, {"a/b", ""}, {"", ""}, {"/", ""},
		{"/a/\u212a/x", "/a/\u212a"}, {"/a/\u023a", "/a/\u023a"},
		{strings.Repeat("/9j", 1<<20), ""}, {"/" + strings.Repeat("x", 1<<20), ""},
	} {
		asked := 0
		n, found := arm.LeadingID(c.text, func(key string) bool {
			asked++
			return key == "/a/b" || key == "/a/b/c/d" || key == "/a/k" || key == "/a/\u2c65"
		})
		if got := c.text[:n]; got != c.want || found != (got != "") || asked > 64 {
			t.Errorf("%.20q: %q, asked %d times", c.text, got, asked)
		}
	}
}

func FuzzFilter(f *testing.F) {
	f.Add("status eq 'Running' and (startTime ge 2020-01-01T00:00:00Z or not size lt 5)")
	f.Add("substringof('x',status) or null eq on")
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := arm.ParseFilter(text, fields)
		if err == nil {
			filter.Match(func(string) expr.Value { return expr.Null() })
			filter.Equals("status")
			filter.Between("startTime")
		}
	})
}
