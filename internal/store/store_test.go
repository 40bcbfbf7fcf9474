package store_test

import (
	"testing"

	"isle/internal/store"
	"isle/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t testing.TB, dir string, o store.Options) *store.Store {
		t.Helper()
		s, err := store.Open(t.Context(), dir, o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
