package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"isle/engine"
	"isle/expr"
	"isle/internal/deploy"
	"isle/wdl"
)

func checkCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check FILE…",
		Short: "Validate workflow definitions and templates",
		Long: `Validate workflow definitions as saving them would: bare, in a resource, in a
deployment template (every workflow in it, and the template's own expressions), or
single-tenant with "kind". Every problem is printed with its place, code, message
and JSON pointer. The exit code is 1 if there is an error; warnings do not count.`,
		Example: `  isle check workflow.json
  isle check --json azuredeploy.json | jq -r .message`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			failed := false
			for _, name := range args {
				findings, err := checkFile(cmd, name)
				if err != nil {
					findings = []finding{{File: name, Code: wdl.CodeInvalidRequestContent, Severity: wdl.Error.String(), Message: err.Error()}}
				}
				printFindings(cmd.OutOrStdout(), name, findings, asJSON)
				for _, f := range findings {
					failed = failed || f.Severity == wdl.Error.String()
				}
			}
			if failed {
				return exitError(1)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line for each problem")
	return cmd
}

// finding is a problem as it is printed.
type finding struct {
	File     string `json:"file"`
	Workflow string `json:"workflow,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Rule     string `json:"rule,omitempty"`
	Message  string `json:"message"`
	Pointer  string `json:"pointer"` // into the file
}

// checkFile finds every problem of a file. The error says why it cannot be judged.
func checkFile(cmd *cobra.Command, name string) ([]finding, error) {
	content, err := readInput(cmd, name)
	if err != nil {
		return nil, err
	}
	template, isTemplate := deploymentTemplate(content)
	sources, err := wdl.Open(content)
	if err != nil && !isTemplate {
		return nil, err
	}
	var findings []finding
	if isTemplate {
		findings = checkTemplate(name, content, template)
	}
	for _, s := range sources {
		_, problems := s.Compile(wdl.Options{Supported: engine.Supported})
		for _, p := range problems {
			findings = append(findings, finding{
				File: name, Workflow: s.Name, Line: p.Line, Column: p.Column, Severity: p.Severity.String(),
				Code: p.Code, Rule: string(p.Rule), Message: p.Message, Pointer: s.Pointer + p.Pointer,
			})
		}
	}
	return findings, nil
}

// deploymentTemplate recognises a template by its schema.
func deploymentTemplate(content []byte) (expr.Value, bool) {
	v, err := expr.ReadJSON(trimBOM(content))
	if err != nil {
		return v, false
	}
	schema, _ := v.Get("$schema")
	return v, strings.Contains(strings.ToLower(schema.Text()), "deploymenttemplate.json")
}

// checkTemplate finds the problems of the template itself. Values of parameters come
// with a deployment, so none is missing here.
func checkTemplate(name string, content []byte, template expr.Value) (findings []finding) {
	if parameters, ok := template.Get("parameters"); ok {
		for p, rules := range parameters.Members() {
			if rules.Kind() == expr.KindObject {
				parameters = parameters.With(p, rules.With("nullable", expr.Bool(true)))
			}
		}
		template = template.With("parameters", parameters)
	}
	_, problems := deploy.Parse(template, expr.Object())
	for _, p := range problems {
		line, column := wdl.Place(trimBOM(content), p.Pointer)
		findings = append(findings, finding{
			File: name, Line: line, Column: column, Severity: wdl.Error.String(), Code: p.Code, Message: p.Message, Pointer: p.Pointer,
		})
	}
	return findings
}

func printFindings(w io.Writer, name string, findings []finding, asJSON bool) {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		for _, f := range findings {
			_ = encoder.Encode(f)
		}
		return
	}
	for _, f := range findings {
		place := f.File
		if f.Line > 0 {
			place = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
		}
		if f.Workflow != "" {
			place += " (" + f.Workflow + ")"
		}
		text := fmt.Sprintf("%s: %s: %s: %s", place, f.Severity, f.Code, f.Message)
		if f.Pointer != "" {
			text += " [" + f.Pointer + "]"
		}
		fmt.Fprintln(w, text)
	}
	if len(findings) == 0 {
		fmt.Fprintf(w, "%s: no problems\n", name)
	}
}
