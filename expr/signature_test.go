package expr

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestEveryFunctionIsDescribed(t *testing.T) {
	for _, f := range Workflow().Functions() {
		least, most := 0, len(f.Parameters)
		for i, p := range f.Parameters {
			if p.Name == "" || p.Type == "" {
				t.Errorf("%s: a parameter lacks name or type: %+v", f.Name, p)
			}
			switch {
			case p.Repeated:
				if most = -1; i == 0 {
					least++
				}
			case !p.Optional:
				least++
			}
		}
		if least != f.Min || most != f.Max {
			t.Errorf("%s takes %d to %d arguments, its parameters say %d to %d", f.Name, f.Min, f.Max, least, most)
		}
		if f.Category == "" || f.Returns == "" || !strings.HasSuffix(f.Summary, ".") {
			t.Errorf("%s is not described: %+v", f.Name, f)
		}
	}
	for name := range descriptions() {
		if Workflow().functions.find(name) == nil {
			t.Errorf("%s is described and is no function", name)
		}
	}
}

func TestCategoriesAreThoseOfTheReference(t *testing.T) {
	text, err := os.ReadFile("../../shared/reference/wdl-functions.json")
	if err != nil {
		t.Skipf("THE REFERENCE'S LIST OF FUNCTIONS IS NOT HERE: %v", err)
	}
	var reference []struct{ Name, Category string }
	if err := json.Unmarshal(text, &reference); err != nil {
		t.Fatal(err)
	}
	for _, want := range reference {
		if f := Workflow().functions.find(want.Name); f == nil || f.Category != want.Category {
			t.Errorf("%s is not of category %s: %+v", want.Name, want.Category, f)
		}
	}
}

func TestSignature(t *testing.T) {
	for name, want := range map[string]string{
		"substring": "substring(text: string, start: integer, length?: integer): string",
		"equals":    "equals(first: any, second: any, others: any...): boolean",
		"workflow":  "workflow(): object",
	} {
		if got := Workflow().functions.find(name).Signature(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
