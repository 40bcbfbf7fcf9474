package storetest

import (
	"fmt"
	"testing"
	"time"

	"isle/internal/store"
)

func resourceCase(t *testing.T, f *Fixture) {
	r := store.Resource{ID: "/subscriptions/S/resourceGroups/Main/providers/Microsoft.Network/virtualNetworks/Net", Type: "Microsoft.Network/virtualNetworks",
		Parent: "", ETag: "e1", State: "Succeeded", Created: noon, Changed: noon.Add(time.Second), Body: []byte(`{"a":1}`)}
	f.write(f.Store.Control(), func(tx *store.Tx) error { return tx.PutResource(r) })
	f.Reopen()
	f.read(f.Store.Control(), func(tx *store.Tx) error {
		got, err := tx.Resource("/SUBSCRIPTIONS/s/resourcegroups/MAIN/providers/microsoft.network/virtualnetworks/net")
		r.Key = "/subscriptions/s/resourcegroups/main/providers/microsoft.network/virtualnetworks/net"
		f.want("resource", got, r)
		return err
	})
	// The same id in another letter case is the same resource; the new spelling counts.
	r.Key, r.ID, r.ETag = "", "/subscriptions/s/resourceGroups/main/providers/Microsoft.Network/virtualNetworks/NET", "e2"
	f.write(f.Store.Control(), func(tx *store.Tx) error { return tx.PutResource(r) })
	f.read(f.Store.Control(), func(tx *store.Tx) error {
		all, err := tx.Resources(store.Query{})
		f.want("ids", names(all, func(r store.Resource) string { return r.ID + " " + r.ETag }), []string{r.ID + " e2"})
		return err
	})
	f.write(f.Store.Control(), func(tx *store.Tx) error { return tx.DeleteResource(r.ID) })
	f.write(f.Store.Control(), func(tx *store.Tx) error {
		f.wantError("second delete", tx.DeleteResource(r.ID), store.ErrNotFound)
		_, err := tx.Resource(r.ID)
		f.wantError("resource", err, store.ErrNotFound)
		return nil
	})
}

func putResources(f *Fixture, ids ...[3]string) {
	f.write(f.Store.Control(), func(tx *store.Tx) error {
		for _, id := range ids {
			if err := tx.PutResource(store.Resource{ID: id[0], Type: id[1], Parent: id[2], State: "Succeeded", Body: []byte(id[0])}); err != nil {
				return err
			}
		}
		return nil
	})
}

func resourceQueries(t *testing.T, f *Fixture) {
	putResources(f,
		[3]string{"/subscriptions/s", "Microsoft.Resources/subscriptions", ""},
		[3]string{"/subscriptions/s/resourceGroups/a", "Microsoft.Resources/resourceGroups", "/subscriptions/s"},
		[3]string{"/subscriptions/s/resourceGroups/a-b", "Microsoft.Resources/resourceGroups", "/subscriptions/s"},
		[3]string{"/subscriptions/s/resourceGroups/a/providers/N/nets/x", "N/nets", ""},
		[3]string{"/subscriptions/s/resourceGroups/a/providers/N/nets/x/subnets/1", "N/nets/subnets", "/subscriptions/s/resourceGroups/a/providers/N/nets/x"},
		[3]string{"/subscriptions/s/resourceGroups/a/providers/N/nets/x/subnets/2", "N/nets/subnets", "/subscriptions/s/resourceGroups/A/providers/N/nets/X"},
		[3]string{"/subscriptions/s/resourceGroups/a-b/providers/N/nets/y", "N/nets", ""},
		[3]string{"/subscriptions/s/resourceGroups/a_b/providers/L/flows/z", "L/flows", ""},
		[3]string{"/subscriptions/s2/resourceGroups/a/providers/N/nets/x", "N/nets", ""},
	)
	for _, c := range []struct {
		query store.Query
		want  []string
	}{
		{store.Query{Type: "n/NETS"}, []string{"/subscriptions/s/resourceGroups/a-b/providers/N/nets/y", "/subscriptions/s/resourceGroups/a/providers/N/nets/x", "/subscriptions/s2/resourceGroups/a/providers/N/nets/x"}},
		{store.Query{Type: "N/nets", ScopePrefix: "/Subscriptions/S"}, []string{"/subscriptions/s/resourceGroups/a-b/providers/N/nets/y", "/subscriptions/s/resourceGroups/a/providers/N/nets/x"}},
		{store.Query{Type: "N/nets", ScopePrefix: "/subscriptions/s/resourceGroups/A/"}, []string{"/subscriptions/s/resourceGroups/a/providers/N/nets/x"}},
		{store.Query{ScopePrefix: "/subscriptions/s/resourceGroups/a_b"}, []string{"/subscriptions/s/resourceGroups/a_b/providers/L/flows/z"}},
		{store.Query{ScopePrefix: "/subscriptions/s/resourceGroups/a", TypePrefix: "Microsoft.Resources/"}, []string{"/subscriptions/s/resourceGroups/a"}},
		{store.Query{TypePrefix: "l/"}, []string{"/subscriptions/s/resourceGroups/a_b/providers/L/flows/z"}},
		{store.Query{Parent: "/subscriptions/S/resourceGroups/a/providers/N/nets/x"}, []string{"/subscriptions/s/resourceGroups/a/providers/N/nets/x/subnets/1", "/subscriptions/s/resourceGroups/a/providers/N/nets/x/subnets/2"}},
		{store.Query{Type: "N/nets", State: "Failed"}, []string{}},
	} {
		f.read(f.Store.Control(), func(tx *store.Tx) error {
			got, err := tx.Resources(c.query)
			f.want(fmt.Sprintf("%+v", c.query), names(got, func(r store.Resource) string { return r.ID }), c.want)
			return err
		})
	}
}

func resourcePages(t *testing.T, f *Fixture) {
	want := []string{}
	for i := range 25 {
		id := fmt.Sprintf("/subscriptions/s/resourceGroups/g/providers/N/nets/n%02d", i)
		want = append(want, id)
		putResources(f, [3]string{id, "N/nets", ""})
	}
	got, after := []string{}, ""
	for {
		var page []store.Resource
		f.read(f.Store.Control(), func(tx *store.Tx) (err error) {
			page, err = tx.Resources(store.Query{Type: "N/nets", After: after, Limit: 10})
			return err
		})
		if len(page) == 0 {
			break
		}
		got = append(got, names(page, func(r store.Resource) string { return r.ID })...)
		after = page[len(page)-1].Key
	}
	f.want("pages", got, want)
}

func operations(t *testing.T, f *Fixture) {
	o := store.Operation{ID: "o1", Resource: "/subscriptions/s/x", Kind: "put", Status: "InProgress", Start: noon}
	f.write(f.Store.Control(), func(tx *store.Tx) error { return tx.PutOperation(o) })
	o.Status, o.Error, o.End = "Failed", []byte(`{"code":"Bad"}`), noon.Add(time.Minute)
	f.write(f.Store.Control(), func(tx *store.Tx) error {
		got, err := tx.Operation("o1")
		f.want("end", got.End.IsZero(), true)
		f.want("error", got.Error == nil, true)
		if err != nil {
			return err
		}
		return tx.PutOperation(o)
	})
	f.Reopen()
	f.write(f.Store.Control(), func(tx *store.Tx) error {
		got, err := tx.Operations("/Subscriptions/S/x")
		f.want("operations", got, []store.Operation{o})
		if err != nil {
			return err
		}
		n, err := tx.DeleteOperations(noon.Add(time.Minute), 10)
		f.want("deleted too early", n, 0)
		if err != nil {
			return err
		}
		n, err = tx.DeleteOperations(noon.Add(time.Hour), 10)
		f.want("deleted", n, 1)
		if err != nil {
			return err
		}
		_, err = tx.Operation("o1")
		f.wantError("operation", err, store.ErrNotFound)
		return nil
	})
}

func settings(t *testing.T, f *Fixture) {
	f.write(f.Store.Control(), func(tx *store.Tx) error {
		_, err := tx.Setting("token/key")
		f.wantError("setting", err, store.ErrNotFound)
		for _, name := range []string{"token/key", "token/old", "authority"} {
			if err := tx.PutSetting(name, []byte("1"+name)); err != nil {
				return err
			}
		}
		return tx.PutSetting("token/key", []byte("2"))
	})
	f.Reopen()
	f.write(f.Store.Control(), func(tx *store.Tx) error {
		v, err := tx.Setting("token/key")
		f.want("setting", string(v), "2")
		if err != nil {
			return err
		}
		list, err := tx.Settings("token/")
		f.want("settings", list, []string{"token/key", "token/old"})
		if err != nil {
			return err
		}
		f.wantError("delete", tx.DeleteSetting("none"), store.ErrNotFound)
		return tx.DeleteSetting("token/key")
	})
}
