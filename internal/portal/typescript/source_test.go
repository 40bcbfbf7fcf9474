package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The files that the portal is compiled with are those of the SDK that the tests use.
func TestTheModelsAreUpToDate(t *testing.T) {
	for name, s := range sources() {
		if err := write(filepath.Join("../ui/src/api/models", name), s, true); err != nil {
			t.Error(err)
		}
	}
}

func TestTypesAreWrittenAsTheWireHasThem(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"models.go": `package p
type Shop struct { ID *string; Open *bool; Size *int32; Opened *time.Time; Tags map[string]*string; Kind *Kind; Parts []*Part; Any any; Owner PersonClassification; OdataType *string; Picture []byte }
type Part struct { NextURI *string; SKU *string }
type Unused struct { X *string }
type Person struct { Name *string }`,
		"models_serde.go": `package p
func (s Shop) MarshalJSON() ([]byte, error) {
	populate(objectMap, "id", s.ID)
	populateTimeRFC3339(objectMap, "openedAt", s.Opened)
	populate(objectMap, "@odata.type", s.OdataType)
	return nil, nil
}`,
		"constants.go": `package p
type Kind string
const ( KindA Kind = "A"
 KindB Kind = "b c" )`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := source{"m", []string{"Shop"}}.generate(dir)
	if err != nil {
		t.Fatal(err)
	}
	const want = `
export type Kind = 'A' | 'b c'

export interface Part {
  nextUri?: string
  sku?: string
}

export interface Person {
  name?: string
}

export interface Shop {
  '@odata.type'?: string
  any?: unknown
  id?: string
  kind?: Kind
  open?: boolean
  openedAt?: string
  owner?: Person
  parts?: Part[]
  picture?: string
  size?: number
  tags?: Record<string, string>
}
`
	if _, body, _ := strings.Cut(string(got), "\n"); body != want {
		t.Errorf("got\n%s\nwant\n%s", body, want)
	}
	if _, err := (source{"m", []string{"Nothing"}}).generate(dir); err == nil || !strings.Contains(err.Error(), "Nothing") {
		t.Errorf("a type that the module lacks: %v", err)
	}
}
