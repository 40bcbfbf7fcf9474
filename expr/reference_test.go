package expr

import (
	"errors"
	"testing"
)

func TestResolve(t *testing.T) {
	known, unknown := Reference(ContentReference{ID: "known"}), Reference(ContentReference{ID: "unknown"})
	v := Object(Member{"a", Array(Int(1), known)}, Member{"b", unknown}, Member{"c", String("s")})
	got, err := v.Resolve(func(r ContentReference) (Value, error) {
		if r.ID == "known" {
			return Array(Bool(true)), nil
		}
		return Reference(r), nil
	})
	want := Object(Member{"a", Array(Int(1), Array(Bool(true)))}, Member{"b", unknown}, Member{"c", String("s")})
	if err != nil || string(got.JSON()) != string(want.JSON()) || !got.HasReference() {
		t.Errorf("%s, %v", got.JSON(), err)
	}
	gone := errors.New("gone")
	if _, err := v.Resolve(func(ContentReference) (Value, error) { return Value{}, gone }); err != gone {
		t.Error(err)
	}
	if got, err := Int(1).Resolve(nil); err != nil || string(got.JSON()) != "1" {
		t.Errorf("%s, %v", got.JSON(), err)
	}
}
