package trigger

import (
	"encoding/json"
	"testing"
)

func FuzzQuery(f *testing.F) {
	f.Add("a=1&b=%20&a=2&sig=x")
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := ParseQuery(raw)
		if err != nil {
			return
		}
		v, any := q.outputs()
		if any != (v.Len() > 0) {
			t.Fatal("members do not agree")
		}
		if _, ok := v.Get("sig"); ok {
			t.Fatal("the signature reaches the outputs")
		}
		if !json.Valid(v.JSON()) {
			t.Fatalf("%s", v.JSON())
		}
	})
}
