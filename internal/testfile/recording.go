package testfile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector/script"
	"isle/wdl"
)

// Recording is a run that has ended, as its history shows it: secured values and
// secrets are not in it.
type Recording struct {
	Workflow *engine.Workflow // whose Program keeps the definition
	Kind     string           // of a single-tenant workflow
	Summary  engine.Summary
	Trigger  engine.Fired    // contents in place
	Records  []engine.Record // all, contents in place
	// InlineCode runs the JavaScriptCode actions when the case is run; nil: they are not run.
	InlineCode *script.Operation
}

// ErrNotEnded says that a run has not ended yet, so that nobody knows what to expect.
var ErrNotEnded = errors.New("the run has not ended: what it will do is not known yet")

// errRehearsal says that a recorded case takes too long.
var errRehearsal = fmt.Errorf("run again, it does not end within %v", maxRehearsal)

const (
	maxRehearsal = 30 * time.Second
	maxRecords   = 5000     // of a run that becomes a test
	maxRecorded  = 16 << 20 // bytes of a test file that is written
	maxOutputs   = 4 << 10  // bytes of outputs that are expected; larger ones are left out
)

// Record writes a test file from a run: what its trigger brought, a mock with what
// each call got, and an expectation for each action. The case has been run before it
// is given out; what depends on the time or on chance, or is secured, is not
// expected. Its member "notes" says what was left out or must be filled in.
func Record(ctx context.Context, r Recording) ([]byte, error) {
	switch {
	case !r.Summary.Status.Final():
		return nil, ErrNotEnded
	case len(r.Records) > maxRecords:
		return nil, fmt.Errorf("the run has %d records: a test is made of at most %d", len(r.Records), maxRecords)
	}
	d := &draft{Recording: r, omitted: map[string]bool{}}
	d.write()
	if err := d.rehearse(ctx); err != nil {
		return nil, err
	}
	text, err := d.text()
	if err == nil && len(text) > maxRecorded {
		err = fmt.Errorf("the test file would have %d MB: at most %d MB are written", len(text)>>20, maxRecorded>>20)
	}
	return text, err
}

// draft is a test file in the making.
type draft struct {
	Recording
	parameters, trigger expr.Value
	mocks               []expr.Value
	omitted             map[string]bool // expectations that do not hold again, by path
	notes               []string
	incomplete          bool // there are placeholders
}

// placeholder notes what must be filled in by hand.
func (d *draft) placeholder(format string, args ...any) {
	d.incomplete = true
	d.note(format, args...)
}

func (d *draft) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(d.notes, text) {
		d.notes = append(d.notes, text)
	}
}

func (d *draft) write() {
	d.parameters = d.givenParameters()
	d.trigger = d.fired()
	d.mocks = d.answers()
}

// rehearse runs the case and takes back what does not come out the same again.
func (d *draft) rehearse(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, maxRehearsal, errRehearsal)
	defer cancel()
	for range 3 {
		text, err := d.text()
		if err != nil {
			return err
		}
		f, err := parse(text, nil)
		if err != nil {
			return fmt.Errorf("the recorded test cannot be read: %w", err)
		}
		var failures []string
		if f.InlineCode = d.InlineCode; f.InlineCode == nil {
			f.InlineCode = script.Off("inline code is not run when a test is recorded here")
		}
		f.Run(ctx, func(r Result) { failures = r.Failures })
		if ctx.Err() != nil || len(failures) == 0 {
			return context.Cause(ctx)
		}
		if d.incomplete {
			d.note("The case does not pass before all placeholders are filled in.")
			return nil
		}
		if !d.takeBack(failures) {
			d.note("Run again, the case does not pass: %s", strings.Join(failures, "; "))
			return nil
		}
	}
	return nil
}

// takeBack omits what failed, by its path; false if a failure is not about something
// that can be omitted.
func (d *draft) takeBack(failures []string) bool {
	all, before := true, maps.Clone(d.omitted)
	for _, failure := range failures {
		i := slices.IndexFunc(d.expected(), func(path string) bool { return strings.HasPrefix(failure, path) })
		if i < 0 || before[d.expected()[i]] {
			all = false
			continue
		}
		d.omitted[d.expected()[i]] = true
		d.note("%s is not expected: it is not the same when the run is repeated.", d.expected()[i])
	}
	return all
}

// text is the file as it stands.
func (d *draft) text() ([]byte, error) {
	test := object{}
	test.add("name", expr.String("run "+d.Summary.RunID))
	test.add("clock", expr.String(d.Summary.StartTime.UTC().Format("2006-01-02T15:04:05.9999999Z")))
	test.addUnlessEmpty("parameters", d.parameters)
	if d.Kind != "" && len(d.Workflow.Settings) > 0 {
		test.add("appSettings", d.settings())
	}
	test.add("trigger", d.trigger)
	test.add("mocks", expr.Array(d.mocks...))
	test.add("expect", d.expectation())

	file := object{}
	file.add("definition", d.definition())
	if d.Kind != "" {
		file.add("kind", expr.String(d.Kind))
	}
	if len(d.notes) > 0 {
		var notes []expr.Value
		for _, n := range d.notes {
			notes = append(notes, expr.String(n))
		}
		file.add("notes", expr.Array(notes...))
	}
	file.add("cases", expr.Array(test.value()))
	var out bytes.Buffer
	if err := json.Indent(&out, file.value().JSON(), "", "  "); err != nil {
		return nil, err
	}
	return append(out.Bytes(), '\n'), nil
}

// definition is the one of the run; a run of one item of splitOn is begun by that item
// alone.
func (d *draft) definition() expr.Value {
	definition := d.Workflow.Program.Definition
	on, ok := d.Workflow.Program.Trigger(d.Trigger.Name)
	if !ok || on.SplitOn == nil {
		return definition
	}
	d.note("The run is that of one item of splitOn: the trigger has no splitOn and no conditions here.")
	triggers, _ := definition.Get("triggers")
	own, _ := triggers.Get(on.Name)
	for _, member := range [...]string{"splitOn", "splitOnConfiguration", "conditions"} {
		own = own.Without(member)
	}
	return definition.With("triggers", triggers.With(on.Name, own))
}

// settings are placeholders: values of settings are secrets more often than not.
func (d *draft) settings() expr.Value {
	settings := object{}
	for _, name := range sorted(d.Workflow.Settings) {
		settings.add(name, expr.String("setting"))
		d.placeholder("The application setting '%s' has a placeholder: fill in what the run had.", name)
	}
	return settings.value()
}

// givenParameters are the values of the workflow's parameters, without secure ones.
func (d *draft) givenParameters() expr.Value {
	given := object{}
	for _, p := range d.Workflow.Program.Parameters {
		v := p.Value
		if other, ok := d.Workflow.Parameters[p.Name]; ok {
			v = other
		}
		switch {
		case p.Secure:
			d.placeholder("The secure parameter '%s' has a placeholder: fill in what the run had.", p.Name)
			v = unknownSecret(p.Type)
		case p.Name == "$connections":
			v = withoutCredentials(v)
		}
		given.add(p.Name, v)
	}
	return given.value()
}

// unknownSecret stands for a secure value of that type.
func unknownSecret(typ string) expr.Value {
	if strings.EqualFold(typ, "SecureObject") {
		return expr.Object()
	}
	return expr.String("secret")
}

// withoutCredentials are connections with what names them and no more.
func withoutCredentials(connections expr.Value) expr.Value {
	var clean object
	for name, c := range connections.Members() {
		if c.Kind() == expr.KindObject {
			c = c.Without("authentication").Without("connectionProperties")
		}
		clean.add(name, c)
	}
	return clean.value()
}

// object collects members in their order.
type object []expr.Member

func (o *object) add(name string, v expr.Value) {
	*o = append(*o, expr.Member{Name: name, Value: v})
}

func (o *object) addUnlessEmpty(name string, v expr.Value) {
	if v.Len() > 0 {
		o.add(name, v)
	}
}

func (o object) value() expr.Value { return expr.Object(o...) }

// of are the records of an action, in the order in which they began.
func (d *draft) of(a *wdl.Action) []engine.Record {
	var records []engine.Record
	for _, r := range d.Records {
		if r.Index == a.Index && !r.Iteration {
			records = append(records, r)
		}
	}
	slices.SortStableFunc(records, func(a, b engine.Record) int { return a.Start.Compare(b.Start) })
	return records
}
