package wdl_test

import (
	"encoding/json"
	"slices"
	"testing"

	"isle/wdl"
)

// The schema offers each type that is supported, once, with what the compiler wants of it.
func TestEditorSchemaOffersWhatTheCompilerTakes(t *testing.T) {
	var schema struct {
		Definitions map[string]struct {
			Properties struct {
				Type struct{ Enum []wdl.Type }
			}
			AllOf []struct {
				If struct {
					Properties struct{ Type struct{ Const wdl.Type } }
				}
				Then struct {
					Required   []string
					Properties map[string]struct {
						Required   []string
						Properties map[string]any
					}
				}
			}
		}
	}
	supported := func(_ wdl.ItemKind, typ string) bool { return wdl.Type(typ) != wdl.TypeXslt }
	if err := json.Unmarshal(wdl.EditorSchema(supported).JSON(), &schema); err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]wdl.ItemKind{"trigger": wdl.TriggerItem, "action": wdl.ActionItem} {
		want := slices.DeleteFunc(wdl.Types(kind), func(typ wdl.Type) bool { return !supported(kind, string(typ)) })
		d := schema.Definitions[name]
		if !slices.Equal(d.Properties.Type.Enum, want) || len(d.AllOf) != len(want) {
			t.Errorf("%s: types %v, want %v", name, d.Properties.Type.Enum, want)
		}
		for _, each := range d.AllOf {
			if each.If.Properties.Type.Const != wdl.TypeHTTP {
				continue
			}
			inputs := each.Then.Properties["inputs"]
			if !slices.Equal(inputs.Required, []string{"method", "uri"}) || inputs.Properties["retryPolicy"] == nil || !slices.Contains(each.Then.Required, "inputs") {
				t.Errorf("%s of type Http: %+v", name, each.Then)
			}
		}
	}
}
