package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"isle/engine"
	"isle/wdl"
)

func checkCommand() *cobra.Command {
	var asJSON, verbose, strict bool
	var parameters string
	cmd := &cobra.Command{
		Use:   "check PATH…",
		Short: "Validate workflow definitions and templates",
		Long: `Validate workflow definitions as saving them would: bare, in a resource, in a
deployment template (every workflow in it, and the template's own expressions), or
single-tenant with "kind". Every problem is printed with its place, code, message
and JSON pointer. The exit code is 1 if there is an error, or with --strict a warning.

A parameters file is held against the template beside it (app.parameters.json or
app.parameters.prod.json against app.json), or is given to one with --parameters.

A single-tenant project is recognised by its host.json: its workflows are checked
with its parameters.json and connections.json. What would keep a workflow from starting
is an error: a kind that there is not, a parameter without a value, a connection that
connections.json lacks. A setting that local.settings.json lacks is warned of, since it
may be set where the workflow will run.

Of a folder, every .json file below it that is a definition, a template or a
parameters file is checked; other files and folders whose name begins with a dot
are passed over (--verbose names them). A summary follows the problems.`,
		Example: `  isle check workflow.json
  isle check azuredeploy.json -p azuredeploy.parameters.json
  isle check --json . | jq -r 'select(.severity == "error") | .message'`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c := checker{cmd: cmd, out: cmd.OutOrStdout(), asJSON: asJSON, verbose: verbose, parameters: parameters}
			for _, name := range args {
				c.path(name)
			}
			c.conclude()
			if c.total.Errors > 0 || strict && c.total.Warnings > 0 {
				return exitError(1)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object a line for each problem")
	cmd.Flags().BoolVar(&strict, "strict", false, "exit with 1 for warnings, too")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "name the files of a folder that are passed over")
	cmd.Flags().StringVarP(&parameters, "parameters", "p", "", "a parameters file for the templates")
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

// summary counts what was looked at.
type summary struct {
	Files    int `json:"files"`    // checked
	Sound    int `json:"sound"`    // of them without any problem
	Passed   int `json:"passed"`   // passed over: neither definition nor template
	Errors   int `json:"errors"`   // problems that stop a save or a deployment
	Warnings int `json:"warnings"` // other problems
}

// checker checks what the command line names.
type checker struct {
	cmd        *cobra.Command
	out        io.Writer
	asJSON     bool
	verbose    bool
	parameters string // a file for every template; "" is none
	folders    bool   // a folder was among the arguments: a summary is due
	total      summary
	projects   map[string]*checkedProject // by folder
}

// file checks a file that was named.
func (c *checker) file(name string) {
	if findings, ok := c.ofProject(name); ok && name != "-" {
		c.report(name, findings)
		return
	}
	content, err := readInput(c.cmd, name)
	if err != nil {
		c.report(name, []finding{unreadable(name, err)})
		return
	}
	d, err := openDocument(name, content)
	if err != nil {
		c.report(name, []finding{unreadable(name, err)})
		return
	}
	c.report(name, c.check(d))
}

// unreadable is the finding of a file that cannot be judged, with the place where
// it stops being JSON.
func unreadable(name string, err error) finding {
	f := finding{File: name, Code: wdl.CodeInvalidRequestContent, Severity: wdl.Error.String(), Message: err.Error()}
	var malformed *wdl.DocumentError
	if errors.As(err, &malformed) {
		f.Line, f.Column = malformed.Line, malformed.Column
	}
	return f
}

// check finds every problem of a document.
func (c *checker) check(d document) []finding {
	var findings []finding
	switch {
	case d.kind == parametersDocument:
		return checkParameters(d)
	case d.kind == templateDocument:
		findings = c.checkTemplate(d)
	}
	for _, s := range d.sources {
		_, problems := s.Compile(wdl.Options{Supported: engine.Supported, Now: now()})
		for _, p := range problems {
			findings = append(findings, finding{
				File: d.name, Workflow: s.Name, Line: p.Line, Column: p.Column, Severity: p.Severity.String(),
				Code: p.Code, Rule: string(p.Rule), Message: p.Message, Pointer: s.Pointer + p.Pointer,
			})
		}
	}
	return findings
}

// report counts and prints the findings of a file.
func (c *checker) report(name string, findings []finding) {
	c.total.Files++
	if len(findings) == 0 {
		c.total.Sound++
	}
	for _, f := range findings {
		if f.Severity == wdl.Error.String() {
			c.total.Errors++
		} else {
			c.total.Warnings++
		}
		c.print(f)
	}
	if len(findings) == 0 && !c.asJSON && !c.folders {
		fmt.Fprintf(c.out, "%s: no problems\n", name)
	}
}

func (c *checker) print(f finding) {
	if c.asJSON {
		c.encode(f)
		return
	}
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
	fmt.Fprintln(c.out, text)
}

func (c *checker) encode(v any) {
	encoder := json.NewEncoder(c.out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v)
}

// conclude prints the summary that folders have.
func (c *checker) conclude() {
	if !c.folders {
		return
	}
	if c.asJSON {
		c.encode(struct {
			Summary summary `json:"summary"`
		}{c.total})
		return
	}
	t := c.total
	fmt.Fprintf(c.out, "%s checked, %d without problems: %s, %s; %s passed over\n",
		plural(t.Files, "file"), t.Sound, plural(t.Errors, "error"), plural(t.Warnings, "warning"), plural(t.Passed, "other file"))
}

// plural is a number with its noun: "1 file", "2 files".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
