package arm_test

import (
	"testing"

	"isle/internal/arm"
)

// Within the process the same checks and the same steps apply.
func TestWithinTheProcess(t *testing.T) {
	w := newWorld(t, virtual)
	ctx, shop := t.Context(), groupPath+"/providers/Test.Shop/shops/s"
	if _, err := w.Put(ctx, w.who, shop, "2024-01-01", []byte(`{"location":"westus"}`)); arm.AsError(err) == nil || arm.AsError(err).Code != "ResourceGroupNotFound" {
		t.Error(err)
	}
	if _, err := w.Put(ctx, w.who, groupPath, "2024-01-01", []byte(`{"location":"westus"}`)); err != nil {
		t.Fatal(err)
	}
	res, err := w.Put(ctx, w.who, shop, "2024-01-01", []byte(`{"location":"westus","properties":{"size":1,"slow":true}}`))
	if err != nil || res.Status != 201 || res.Operation == "" || res.Resource.State != "InProgress" {
		t.Fatal(res, err)
	}
	if s, err := w.Operation(ctx, base+res.Operation+"?api-version=2024-01-01"); err != nil || s.Done() {
		t.Error(s, err)
	}
	w.runTasks(t)
	if s, err := w.Operation(ctx, res.Operation); err != nil || s.Status != "Succeeded" {
		t.Error(s, err)
	}
	if res, err := w.Post(ctx, w.who, shop+"/open", "2024-01-01", nil); err != nil || res.Body.IsNull() {
		t.Error(res, err)
	}
	if _, err := w.Get(ctx, w.who, groupPath+"x", "2024-01-01"); arm.AsError(err) == nil {
		t.Error(err)
	}
	if res, err := w.Delete(ctx, w.who, shop, "2024-01-01"); err != nil || res.Status != 200 {
		t.Error(res, err)
	}
	if res, err := w.Delete(ctx, w.who, shop, "2024-01-01"); err != nil || res.Status != 204 {
		t.Error(res, err)
	}
}
