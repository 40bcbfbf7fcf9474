package network_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
)

func TestTheQuotaOfVirtualNetworks(t *testing.T) {
	w := newWorld(t)
	body := `{"location":"westus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]}}}`
	w.almostFull(net, body)
	w.refused("PUT", net+"-more", body, "VnetCountLimitReached")
	w.refused("PUT", net+"-more", `{"location":"westus"}`, "VnetCountLimitReached InvalidRequestFormat")
	w.send("PUT", net+"-last", body, 200)
	w.send("PUT", net+"-elsewhere", `{"location":"eastus","properties":{"addressSpace":{"addressPrefixes":["10.0.0.0/16"]}}}`, 201)
}

func TestTheQuotaOfPublicAddresses(t *testing.T) {
	w := newWorld(t)
	address := provider + "/publicIPAddresses/address"
	body := `{"location":"westus","sku":{"name":"Standard"},"properties":{"publicIPAllocationMethod":"Static"}}`
	w.almostFull(address, body)
	w.refused("PUT", address+"-more", body, "PublicIPCountLimitReached")
	w.send("PUT", address+"-last", body, 200)
}

// almostFull makes a thousand resources, the quota, the last of them as a client does.
func (w *world) almostFull(id, body string) {
	w.t.Helper()
	w.send("PUT", id, body, 201)
	w.must(w.store.Control().Write(context.Background(), func(tx *store.Tx) error {
		r, err := arm.Load(tx, id)
		if err != nil {
			return err
		}
		for i := range 998 {
			r.ID, r.Key, r.ETag, r.Created = fmt.Sprintf("%s-%d", id, i), "", arm.NewETag(), time.Now()
			if err := arm.Save(tx, r); err != nil {
				return err
			}
		}
		return nil
	}))
	w.send("PUT", id+"-last", body, 201)
}
