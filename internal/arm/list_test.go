package arm_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"isle/internal/arm"
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
	list := group + "/providers/Test.Shop/shops"
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
