package deploy

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"isle/expr"
)

// TestPlans runs the scripts in testdata/plan. A script is a list of blocks apart by
// empty lines. A block is
//
//	plan WHAT IT SHOWS
//	sections of a template, JSON without the outer braces
//	with {values of the parameters}        may be left out
//	----
//	the plan: each resource with what it waits for and what is sent, parameters and
//	outputs; or the problems
//
// A resource that the condition leaves out has "-" before it, one that exists "?".
func TestPlans(t *testing.T) {
	paths, err := filepath.Glob("testdata/plan/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			script, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			for i, block := range strings.Split(strings.TrimSpace(string(script)), "\n\n") {
				if i > 0 {
					out.WriteString("\n\n")
				}
				command, _, _ := strings.Cut(block, "\n----")
				out.WriteString(command + "\n----\n" + strings.TrimRight(planned(t, command), "\n"))
			}
			golden(t, path, append(out.Bytes(), '\n'))
		})
	}
}

// planned runs one block.
func planned(t *testing.T, command string) string {
	_, rest, _ := strings.Cut(command, "\n")
	sections, given, _ := strings.Cut(rest, "\nwith ")
	if given == "" {
		given = "{}"
	}
	if !strings.HasPrefix(sections, `"$schema"`) {
		sections = `"$schema":"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#","contentVersion":"1.0.0.0",` + sections
	}
	template, err := expr.ReadJSON([]byte("{" + sections + "}"))
	if err != nil {
		t.Fatalf("%v in\n%s", err, command)
	}
	values, err := expr.ReadJSON([]byte(given))
	if err != nil {
		t.Fatalf("%v in\n%s", err, command)
	}
	plan, found := planOf(template, values)
	var out strings.Builder
	for _, f := range found {
		fmt.Fprintf(&out, "%s %s: %s\n", f.Code, f.Pointer, f.Message)
	}
	if plan != nil {
		plan.print(&out)
	}
	return out.String()
}

func (p *Plan) print(out *strings.Builder) {
	for i, r := range p.Resources {
		mark := ""
		switch {
		case r.source.existing:
			mark = "? "
		case !r.Deploy:
			mark = "- "
		}
		fmt.Fprintf(out, "%s%s %s", mark, r.Type, strings.TrimPrefix(r.ID, somewhere().groupID()))
		for n, d := range r.DependsOn {
			fmt.Fprintf(out, "%s%s", map[bool]string{true: " after ", false: ", "}[n == 0], p.Resources[d].Name)
		}
		out.WriteString("\n")
		if !r.Deploy {
			continue
		}
		if body, err := p.Body(i, asker{}, func(int) (bool, error) { return true, nil }); err != nil {
			fmt.Fprintf(out, "  error: %v\n", err)
		} else if body.Len() > 0 {
			fmt.Fprintf(out, "  %s\n", body.JSON())
		}
	}
	if parameters := p.Parameters(); parameters.Len() > 0 {
		fmt.Fprintf(out, "parameters %s\n", parameters.JSON())
	}
	if outputs, err := p.Outputs(asker{}); err != nil {
		fmt.Fprintf(out, "error: %v\n", err)
	} else if outputs.Len() > 0 {
		fmt.Fprintf(out, "outputs %s\n", outputs.JSON())
	}
}

// asker is a reader that answers with what it was asked.
type asker struct{}

func (asker) Reference(id, version string) (expr.Value, error) {
	id = strings.TrimPrefix(id, somewhere().groupID())
	return expr.Object(str("id", id), str("location", "here"), obj("properties", str("of", id), str("version", version))), nil
}

func (asker) List(id, action, version string, body expr.Value) (expr.Value, error) {
	return expr.Object(str("key", action+" of "+strings.TrimPrefix(id, somewhere().groupID()))), nil
}
