package wdl_test

import (
	"testing"

	"isle/expr"
	"isle/wdl"
)

// TestRoundTrip: a definition that is read and served again has the same content,
// used or not: members, their order among those without a fixed place, numbers as
// they are written, every string.
func TestRoundTrip(t *testing.T) {
	for _, f := range corpus(t) {
		s := f.source(t)
		program, _ := s.Compile(wdl.Options{})
		if program == nil {
			continue
		}
		if written, _ := wdl.Upgrade(s.Definition); !sameContent(written, program.Definition, "") {
			t.Errorf("%s is served with other content", f.number)
		}
	}
}

// sameContent compares texts of scalars, and members by name.
func sameContent(a, b expr.Value, at string) bool {
	if a.Kind() != b.Kind() || a.Len() != b.Len() {
		return false
	}
	switch a.Kind() {
	case expr.KindArray:
		for i, e := range a.Elements() {
			if !sameContent(e, b.Index(i), at) {
				return false
			}
		}
		return true
	case expr.KindObject:
		for name, v := range a.Members() {
			w, ok := b.Get(name)
			if !ok || !sameContent(v, w, name) {
				return false
			}
		}
		return true
	}
	return string(a.JSON()) == string(b.JSON()) || at == "type" // in canonical spelling
}

// TestRoundTripOfWhatIsNotUsed has the values that get lost most easily.
func TestRoundTripOfWhatIsNotUsed(t *testing.T) {
	const inputs = `{"int":1,"float":1.0,"exponent":1e3,"tiny":0.1000,"big":123456789012345678901234567890,"minus":-0,"null":null,"empty":{},"list":[[],{},null,""],"a":1,"A":2,"text":"\u0000\u2028 é 😀 \" \\ / <>&","$schema":"x"}`
	const definition = `{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0","triggers":{"m":{"type":"Request","kind":"Http","inputs":{"schema":` + inputs + `},"x-of-mine":` + inputs + `}},"actions":{"A":{"runAfter":{},"type":"Compose","inputs":` + inputs + `,"metadata":` + inputs + `}},"outputs":{},"metadata":` + inputs + `,"description":"d","staticResults":` + inputs + `}`
	v, err := expr.ReadJSON([]byte(definition))
	if err != nil {
		t.Fatal(err)
	}
	program, problems := wdl.Compile(v, expr.Null(), wdl.Options{})
	if program == nil {
		t.Fatal(problems)
	}
	read, served := v.JSON(), program.Definition.JSON()
	if string(read) != string(served) {
		t.Errorf("read\n%s\nserved\n%s", read, served)
	}
}
