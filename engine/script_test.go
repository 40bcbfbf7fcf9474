package engine

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"isle/expr"
	"isle/wdl"
)

var rewrite = flag.Bool("rewrite", false, "write what the scripts in testdata print")

// TestScripts runs testdata/*.txtar: a definition's actions, events, and what each
// step answers. Events, one a line:
//
//	hold | begin | continue | cancel | gone
//	wake                     at the time that was asked for
//	after DURATION           time passes; nothing happens yet
//	ready URL                what is polled there has an end
//	answer N STATUS [JSON]   the Nth call under way (from 1) gets that outcome;
//	                         JSON: {"headers", "body", "retryAfter", "poll", "inputs", "progress"}; status 0: none
//	fail N CODE              it gets no answer, which may be retried
//	return N [JSON]          the inline code returns that, or nothing
//	load                     what was needed
//	forget                   the contents at hand, as a crash would
//	again [ACTION ...]       a new run begins at these actions of the one that has ended, or
//	                         where it failed, and keeps what went before; its definition
//	                         is that of the part "later", if there is one
//	called ACTION[:INDEXES] [OUTPUTS]   its callback URL is called, of the repetition
//	                         with these indexes, such as 1-0
//	explain ACTION[:INDEXES] what its condition came to
//
// Whatever happens, the run is also loaded from what is stored and must agree.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { script(t, file) })
	}
}

func script(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	part := func(name string) string {
		for _, f := range archive.Files {
			if f.Name == name {
				return string(f.Data)
			}
		}
		return ""
	}
	var more []string
	if m := strings.TrimSpace(part("members")); m != "" {
		more = append(more, m)
	}
	later := compile(t, part("actions"), more...)
	if l := part("later"); l != "" {
		later = compile(t, l, more...)
	}
	p := newPlayer(t, compile(t, part("actions"), more...), Start{Seed: 1, Caller: strings.Contains(part("start"), "caller")})
	var out strings.Builder
	defer func() {
		if t.Failed() {
			t.Log(out.String())
		}
	}()
	for line := range strings.Lines(part("events")) {
		switch line = strings.TrimSpace(line); {
		case line == "":
		case strings.HasPrefix(line, "again"):
			p = p.resubmitted(later, line, &out)
		default:
			p.command(line, &out)
		}
	}
	if got := out.String(); got != part("steps") {
		if !*rewrite {
			t.Fatalf("prints\n%s", got)
		}
		kept := archive.Files[:0]
		for _, f := range archive.Files {
			if f.Name != "steps" {
				kept = append(kept, f)
			}
		}
		archive.Files = append(kept, txtar.File{Name: "steps", Data: []byte(got)})
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *player) command(line string, out *strings.Builder) {
	word := strings.SplitN(line, " ", 4)
	var ev Event
	switch word[0] {
	case "begin":
		ev = Begin{}
	case "hold":
		ev = Hold{}
	case "continue":
		ev = Continue{}
	case "cancel":
		ev = Cancel{}
	case "gone":
		ev = CallerGone{}
	case "ready":
		ev = Ready{word[1]}
	case "load":
		ev = p.next()
	case "wake":
		if p.last.Wake.IsZero() {
			p.t.Fatal("no wake was asked for")
		}
		p.now = p.last.Wake
		ev = Woke{}
	case "after":
		d, err := time.ParseDuration(word[1])
		if err != nil {
			p.t.Fatal(err)
		}
		p.now = p.now.Add(d)
		return
	case "answer", "fail", "return":
		n, err := strconv.Atoi(word[1])
		if err != nil || n < 1 || n > len(p.pending) {
			p.t.Fatalf("%s: %d calls are under way", line, len(p.pending))
		}
		c := p.pending[n-1]
		p.pending = append(p.pending[:n-1:n-1], p.pending[n:]...)
		ev = Completed{c.ID, p.scripted(word), c.Repeated}
	case "forget":
		p.run.loaded, p.run.loadedIDs, p.run.loadedSize = nil, nil, 0
		return
	case "called":
		ev = p.called(word)
	case "explain":
		fmt.Fprintf(out, "> %s\n%s", line, explained(p.explain(word[1]).Expressions, "  "))
		return
	default:
		p.t.Fatalf("unknown event %q", line)
	}
	fmt.Fprintf(out, "> %s\n", line)
	if c, ok := ev.(Called); ok && p.run.awaiting(&c) == nil {
		p.refused(c)
		fmt.Fprintf(out, "  %v\n", ErrNotWaiting)
		return
	}
	if _, ok := ev.(Cancel); ok && p.run.status.Final() {
		if _, err := p.run.Step(p.now, ev); err != ErrEnded {
			p.t.Fatalf("cancelled after its end: %v", err)
		}
		fmt.Fprintf(out, "  %v\n", ErrEnded)
		return
	}
	res := p.step(ev)
	p.print(&res, out)
}

// resubmitted is a new run that keeps what the one that has ended did; the same one if
// that cannot be kept.
func (p *player) resubmitted(w *Workflow, line string, out *strings.Builder) *player {
	p.t.Helper()
	fmt.Fprintf(out, "> %s\n", line)
	names, o := strings.Fields(line)[1:], p.origin()
	if len(names) == 0 {
		var err error
		if names, err = Failures(o); err != nil {
			p.t.Fatal(err)
		}
		fmt.Fprintf(out, "  %s\n", strings.Join(names, " "))
	}
	q, err := p.again(w, o, names)
	var refused *Unkept
	if errors.As(err, &refused) {
		for _, problem := range refused.Problems {
			fmt.Fprintf(out, "  %s: %s\n", problem.Code, problem.Message)
		}
		return p
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return q
}

func (p *player) called(word []string) Called {
	name, indexes, _ := strings.Cut(word[1], ":")
	ev := Called{Action: name}
	for index := range strings.SplitSeq(indexes, "-") {
		if n, err := strconv.Atoi(index); err == nil {
			ev.Repetition = append(ev.Repetition, n)
		}
	}
	if len(word) > 2 {
		v, err := expr.ReadJSON([]byte(strings.Join(word[2:], " ")))
		if err != nil {
			p.t.Fatal(err)
		}
		ev.Outputs = v
	}
	return ev
}

func (p *player) scripted(word []string) Outcome {
	if word[0] == "fail" {
		return Outcome{Status: wdl.Failed, Code: word[2], Error: &Error{word[2], "no answer"}, Retryable: true}
	}
	if word[0] == "return" {
		return returned(p.t, strings.Join(word[2:], " "))
	}
	status, _ := strconv.Atoi(word[2])
	o := Outcome{StatusCode: status}
	var members []expr.Member
	if status != 0 {
		members = append(members, expr.Member{Name: "statusCode", Value: expr.Int(int64(status))})
	}
	if len(word) > 3 {
		v, err := expr.ReadJSON([]byte(word[3]))
		if err != nil {
			p.t.Fatal(err)
		}
		if body, ok := v.Get("body"); ok {
			members = append(members, expr.Member{Name: "body", Value: body})
		}
		if headers, ok := v.Get("headers"); ok {
			members = append(members, expr.Member{Name: "headers", Value: headers})
		}
		if wait, ok := v.Get("retryAfter"); ok {
			n, _ := wait.AsInt()
			o.RetryAfter = time.Duration(n) * time.Second
		}
		if url, ok := v.Get("poll"); ok {
			o.Poll = &Poll{URL: url.Text()}
		}
		o.Progress, _ = v.Get("progress")
		if inputs, ok := v.Get("inputs"); ok {
			o.Inputs, o.HasInputs = inputs, true
		}
	}
	o.Outputs = expr.Object(members...)
	return o
}

// returned is the outcome of inline code.
func returned(t testing.TB, text string) Outcome {
	o := Outcome{Status: wdl.Succeeded, Outputs: expr.Object(), HasOutputs: true}
	if text == "" {
		return o
	}
	v, err := expr.ReadJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o.Outputs = expr.Object(expr.Member{Name: "body", Value: v})
	return o
}

// print writes a step: its records by scope, then what is to be done.
func (p *player) print(res *Result, out *strings.Builder) {
	records, err := DecodeRecords(res.Rows)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, r := range records {
		printRecord(out, &r)
	}
	for _, row := range res.Rows {
		if strings.HasPrefix(row.Scope, "$") {
			fmt.Fprintf(out, "  row %s\n", row.Scope)
		}
	}
	for _, c := range res.Contents {
		fmt.Fprintf(out, "  content %s of %d bytes\n", c.ID, c.Value.Size())
	}
	for _, e := range res.Effects {
		switch e := e.(type) {
		case Call:
			fmt.Fprintf(out, "  call %s %s", e.ID, e.Inputs.JSON())
			if !e.Context.IsNull() {
				fmt.Fprintf(out, " context %s", e.Context.JSON())
			}
			if e.Poll != nil {
				fmt.Fprintf(out, " poll %s", e.Poll.URL)
			}
			if !e.Progress.IsNull() {
				fmt.Fprintf(out, " progress %s", e.Progress.JSON())
			}
			if !e.Deadline.IsZero() {
				fmt.Fprintf(out, " until +%v", e.Deadline.Sub(noon))
			}
			out.WriteByte('\n')
		case Unsubscribe:
			fmt.Fprintf(out, "  unsubscribe %s %s, %d retries\n", e.ID, e.Inputs.JSON(), e.Retry.Count)
		case Respond:
			fmt.Fprintf(out, "  respond %d %s\n", e.StatusCode, e.Body.JSON())
		case Abandon:
			fmt.Fprintf(out, "  abandon %s\n", e.ID)
		case Finish:
			fmt.Fprintf(out, "  finish %v %s", e.Status, e.Code)
			if e.Error != nil {
				fmt.Fprintf(out, " (%v)", e.Error)
			}
			out.WriteByte('\n')
		}
	}
	for _, o := range res.Summary.Outputs {
		fmt.Fprintf(out, "  output %s %s %v\n", o.Name, o.Value.JSON(), o.Error)
	}
	if !res.Wake.IsZero() && !res.Wake.Equal(noon.Add(p.w.Program.Limits.RunDuration)) { // which every run waits for
		fmt.Fprintf(out, "  wake +%v\n", res.Wake.Sub(noon))
	}
	if res.Need != nil {
		fmt.Fprintf(out, "  need %v %d contents\n", res.Need.Scopes, len(res.Need.Contents))
	}
	if res.More {
		out.WriteString("  more\n")
	}
	fmt.Fprintf(out, "  run %v\n", res.Summary.Status)
}

func printRecord(out *strings.Builder, r *Record) {
	name := r.Action
	if scope := ScopeOf(r.Repetition); r.Iteration {
		name = "[" + scope + "]"
	} else if scope != "" {
		name = scope + " " + name
	}
	fmt.Fprintf(out, "  %s: %v %s", name, r.Status, r.Code)
	if r.Error != nil {
		fmt.Fprintf(out, " (%v)", r.ShownError())
	}
	value := func(what string, has, secure bool, v expr.Value) {
		switch text := string(v.JSON()); {
		case !has:
		case secure:
			fmt.Fprintf(out, " %s secured", what)
		case len(text) > 160:
			fmt.Fprintf(out, " %s of %d bytes", what, len(text))
		default:
			fmt.Fprintf(out, " %s %s", what, text)
		}
	}
	value("inputs", r.HasInputs, r.SecureInputs, r.Inputs)
	value("outputs", r.HasOutputs, r.SecureOutputs, r.Outputs)
	value("tracked", !r.TrackedProperties.IsNull(), false, r.TrackedProperties)
	for _, a := range r.RetryHistory {
		fmt.Fprintf(out, " [%s at +%v", a.Code, a.End.Sub(noon))
		if !a.Answer.IsNull() {
			fmt.Fprintf(out, " %.160s", a.Answer.JSON())
		}
		out.WriteByte(']')
	}
	if r.IterationCount > 0 {
		fmt.Fprintf(out, " %d iterations", r.IterationCount)
	}
	if r.Kept {
		out.WriteString(" kept")
	}
	out.WriteByte('\n')
}
