package builtin

import (
	"testing"

	"isle/wdl"
)

func TestEveryOperationDeclaresItsPorts(t *testing.T) {
	operations, end := Operations(Options{})
	defer end()
	ports := Ports()
	for kind := range operations {
		if p := ports[kind]; len(p.TCP)+len(p.UDP) == 0 && kind != wdl.TypeJavaScriptCode {
			t.Errorf("%s declares no ports", kind)
		}
	}
	if len(ports) != len(operations) {
		t.Errorf("%d operations, ports of %d", len(operations), len(ports))
	}
}
