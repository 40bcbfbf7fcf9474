package arm_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"isle/internal/arm"
	"isle/internal/store"
)

// A page of large resources ends before it is full, and none is lost between pages.
func TestAPageOfLargeResourcesEndsEarly(t *testing.T) {
	w := newWorld(t, virtual)
	ctx, me := context.Background(), arm.Principal{ID: "tester"}
	group := "/subscriptions/" + subscription + "/resourceGroups/g"
	put := func(id, body string) {
		t.Helper()
		if _, err := w.Put(ctx, me, id, "2024-01-01", []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	put(group, `{"location":"here"}`)
	tags := make([]string, 50)
	for i := range tags {
		tags[i] = fmt.Sprintf(`"%0512d":"%s"`, i, strings.Repeat("x", 256))
	}
	const n = 40
	for i := range n {
		put(fmt.Sprintf("%s/providers/Test.Shop/shops/s%d", group, i), `{"location":"here","tags":{`+strings.Join(tags, ",")+`},"properties":{"size":1}}`)
	}
	put(group+"/providers/Test.Shop/stalls/s0", `{"location":"here","properties":{"size":1}}`)
	w.endsEarly(t, group+"/providers/Test.Shop/shops", n)

	// What is stored may be large, and little of it shown.
	drawers := func(i int) string { return fmt.Sprintf("%s/providers/Test.Shop/stalls/s0/drawers/d%02d", group, i) }
	for i := range n {
		put(drawers(i), `{"properties":{"size":1}}`)
		err := w.store.Control().Write(ctx, func(tx *store.Tx) error {
			r, err := arm.Load(tx, drawers(i))
			if err != nil {
				return err
			}
			r.Body = fmt.Appendf(nil, `{"size":1,"more":%q}`, strings.Repeat("x", 200<<10))
			return arm.Save(tx, r)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.endsEarly(t, group+"/providers/Test.Shop/stalls/s0/drawers", n)
}

// endsEarly wants a list of n to come in pages that are not full, and to be whole.
func (w *world) endsEarly(t *testing.T, list string, n int) {
	t.Helper()
	ctx, me := context.Background(), arm.Principal{ID: "tester"}
	page, err := w.Get(ctx, me, list, "2024-01-01")
	if err != nil {
		t.Fatal(err)
	}
	shown, _ := page.Body.Get("value")
	if _, more := page.Body.Get("nextLink"); shown.Len() == 0 || shown.Len() >= n || !more {
		t.Errorf("the first page has %d of %d", shown.Len(), n)
	}
	all, err := w.ListAll(ctx, me, list, "2024-01-01")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, v := range all {
		id, _ := v.Get("id")
		names[id.Text()] = true
	}
	if len(all) != n || len(names) != n {
		t.Errorf("the pages have %d, %d of them different, want %d", len(all), len(names), n)
	}
}
