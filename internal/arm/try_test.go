package arm_test

import (
	"strconv"
	"strings"
	"testing"

	"isle/internal/arm"
	"isle/internal/store"
)

// Each try sees what those before it would have made; a deletion that takes its time counts
// as done; nothing of it stays.
func TestTryAll(t *testing.T) {
	w := newWorld(t, virtual)
	ctx, shops := t.Context(), groupPath+"/providers/Test.Shop/shops/"
	if _, err := w.Put(ctx, w.who, groupPath, "2024-01-01", []byte(`{"location":"westus"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Put(ctx, w.who, shops+"large", "2024-01-01", []byte(`{"location":"westus","properties":{"size":100}}`)); err != nil {
		t.Fatal(err)
	}
	put := func(id, properties string) arm.Try {
		return arm.Try{ID: id, APIVersion: "2024-01-01", Body: []byte(`{"location":"westus","properties":` + properties + `}`)}
	}
	drop := func(id string) arm.Try { return arm.Try{ID: id, APIVersion: "2024-01-01", Delete: true} }
	cart := groupPath + "/providers/Test.Shop/carts/c"
	names := func(into *[]string) func(*store.Tx) error {
		return func(tx *store.Tx) error {
			found, err := arm.List(tx, store.Query{Type: "Test.Shop/shops"})
			for _, r := range found {
				*into = append(*into, r.ID[strings.LastIndexByte(r.ID, '/')+1:])
			}
			return err
		}
	}
	var before, after []string
	tried, err := w.TryAll(ctx, w.who, []arm.Try{
		put(shops+"new", `{"size":1,"slow":true}`), put(cart, `{"size":1,"shop":"`+shops+`new"}`),
		drop(shops + "new"), drop(cart), drop(shops + "new"), drop(shops + "new"), drop(shops + "large"), put(shops+"last", `{"size":0}`), put(shops+"last", `{"size":2}`),
	}, arm.Looks{Before: names(&before), After: names(&after)})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"201", "201", "InUse", "200", "200", "204", "200", "InvalidSize", "201"} {
		got := ""
		switch r := tried[i]; {
		case r.Refused != nil && r.Result == nil:
			got = r.Refused.Code
		case r.Refused == nil && r.Result != nil:
			got = strconv.Itoa(r.Result.Status)
		}
		if got != want {
			t.Errorf("%d: %q, want %s", i, got, want)
		}
	}
	if len(before) != 1 || before[0] != "large" || len(after) != 1 || after[0] != "last" {
		t.Errorf("before %v, after %v", before, after)
	}
	if _, err := w.Get(ctx, w.who, shops+"large", "2024-01-01"); err != nil {
		t.Error("what was tried is there", err)
	}
	if _, err := w.Get(ctx, w.who, shops+"last", "2024-01-01"); arm.AsError(err) == nil {
		t.Error("what was tried is there", err)
	}
}
