package engine

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/expr"
	"isle/wdl"
)

var noon = time.Date(2024, 3, 15, 12, 0, 0, 0, time.UTC)

// compile compiles a definition's actions; the trigger is a Request.
func compile(t testing.TB, actions string, more ...string) *Workflow {
	t.Helper()
	def := `{"$schema":"https://schema.management.azure.com/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#",
		"contentVersion":"1.0.0.0","triggers":{"manual":{"type":"Request","kind":"Http","inputs":{"schema":{}}}},"actions":` + actions
	for _, m := range more {
		def += "," + m
	}
	v, err := expr.ReadJSON([]byte(def + "}"))
	if err != nil {
		t.Fatalf("%v: %s", err, def)
	}
	program, problems := wdl.Compile(v, expr.Null(), wdl.Options{Supported: Supported})
	if program == nil {
		t.Fatalf("%v\n%s", problems, def)
	}
	return &Workflow{Program: program, ID: "/workflows/w", Name: "w", Location: "westeurope"}
}

// player drives a run as a runner would, with a store in memory and a virtual
// clock. Before each event it loads a second run from what is stored and demands
// that it answers the event in the same way.
type player struct {
	t        testing.TB
	w        *Workflow
	run      *Run
	now      time.Time
	stepped  time.Time // of the last step
	head     []byte
	rows     []Row
	contents map[string]expr.Value
	pending  []Call // calls under way
	last     Result
	steps    []Result
	twice    bool // compare with a loaded run
	effects  []Effect
	outcome  func(Call) Outcome
	pick     func(n int) int // which pending call is answered next
	// callback decides when the callback of a webhook is called; nil: never.
	callback func(webhook EffectID) manner
	answered map[EffectID]bool
	// hurries decides whether what is polled is ready before its time; nil: never.
	hurries func() bool
}

// manner is how the callback of a webhook is called.
type manner int

const (
	uncalled manner = iota
	early           // before the subscriber answers
	later
)

func newPlayer(t testing.TB, w *Workflow, s Start) *player {
	if s.RunID == "" {
		s.RunID = "run1"
	}
	if s.Time.IsZero() {
		s.Time = noon
	}
	if s.Trigger.Name == "" {
		s.Trigger = Fired{Name: "manual", Start: s.Time, End: s.Time, Status: wdl.Succeeded, TrackingID: "t", HasOutputs: true,
			Outputs: expr.Object(expr.Member{Name: "body", Value: expr.Object(expr.Member{Name: "n", Value: expr.Int(7)})})}
	}
	run := New(w, s)
	run.SetCallback(callbackURL)
	return &player{t: t, w: w, run: run, now: s.Time, contents: map[string]expr.Value{}, twice: true, answered: map[EffectID]bool{},
		pick: func(int) int { return 0 },
		outcome: func(Call) Outcome {
			return Outcome{StatusCode: 200, Outputs: expr.Object(expr.Member{Name: "statusCode", Value: expr.Int(200)})}
		}}
}

// load makes a run from what is stored.
func (p *player) load() *Run {
	p.t.Helper()
	scopes, err := OpenScopes(p.head)
	if err != nil {
		p.t.Fatal(err)
	}
	var rows []Row
	for _, row := range p.rows {
		for _, s := range scopes {
			if row.Scope == s {
				rows = append(rows, row)
			}
		}
	}
	r, err := Load(p.w, p.head, rows)
	if err != nil {
		p.t.Fatal(err)
	}
	r.SetCallback(callbackURL)
	return r
}

// callbackURL is what listCallbackUrl() gives in tests.
func callbackURL(action string, repetition []RepetitionIndex) string {
	return "https://back/" + action + "/" + RepetitionName(repetition) + "?sig=s"
}

// step gives the event to the run, and to a loaded one, and stores the result.
func (p *player) step(ev Event) Result {
	p.t.Helper()
	var other *Run
	var want *Result
	answer := ev
	if p.twice && p.head != nil {
		other = p.load()
		resumed, err := other.Step(p.stepped, Resume{})
		if err != nil {
			p.t.Fatal(err)
		}
		if p.last.Rests && (len(resumed.Effects) > 0 || len(resumed.Rows) > 0 || resumed.More || resumed.Need != nil) {
			p.t.Fatalf("a run that rests goes on when it is loaded: %s", describe(resumed.Effects))
		}
		if p.last.More || p.last.Need != nil {
			resumed.Effects = fresh(resumed.Effects)
			want = &resumed
			if p.last.Need != nil { // it asks first, with nothing done, for what was loaded before too
				for n := 0; n < 10 && resumed.Need != nil && !covers(resumed.Need, p.last.Need); n++ {
					if resumed, err = other.Step(p.stepped, p.loaded(resumed.Need)); err != nil {
						p.t.Fatal(err)
					}
				}
				if resumed.Need == nil || !covers(resumed.Need, p.last.Need) || len(resumed.Rows) > 0 {
					p.t.Fatalf("the loaded run needs %v, the one in memory needed %v", resumed.Need, p.last.Need)
				}
				if _, ok := ev.(Loaded); ok {
					answer = p.loaded(resumed.Need)
				}
				want = nil
			}
		} else if !bytes.Equal(resumed.Head, p.head) || len(resumed.Rows) > 0 {
			p.t.Fatalf("resuming changed something:\n%x\n%x", resumed.Head, p.head)
		} else { // calls that it makes again may need what was loaded before
			for n := 0; n < 10 && resumed.Need != nil; n++ {
				if resumed, err = other.Step(p.stepped, p.loaded(resumed.Need)); err != nil {
					p.t.Fatal(err)
				}
			}
			p.repeats(resumed.Effects)
		}
	}
	p.stepped = p.now
	res, err := p.run.Step(p.now, ev)
	if err != nil {
		p.t.Fatal(err)
	}
	if other != nil {
		if want == nil {
			again, err := other.Step(p.now, answer)
			if err != nil {
				p.t.Fatal(err)
			}
			want = &again
		}
		p.same(&res, want)
	}
	p.keep(res)
	return res
}

// repeats holds that the calls that a loaded run makes again are those under way, inline
// code with the same context.
func (p *player) repeats(effects []Effect) {
	p.t.Helper()
	for _, e := range effects {
		c, ok := e.(Call)
		if !ok || !c.Repeated {
			continue
		}
		for _, first := range p.effects {
			if first, ok := first.(Call); ok && first.ID == c.ID && describe([]Effect{first}) != describe([]Effect{c}) {
				p.t.Fatalf("repeated as %s\nnot as    %s", describe([]Effect{c}), describe([]Effect{first}))
			}
		}
	}
}

// covers reports whether a need names all that another one does.
func covers(need, other *Need) bool {
	for _, scope := range other.Scopes {
		if !slices.Contains(need.Scopes, scope) {
			return false
		}
	}
	for _, c := range other.Contents {
		if !slices.Contains(need.Contents, c) {
			return false
		}
	}
	return true
}

func fresh(list []Effect) (kept []Effect) {
	for _, e := range list {
		if c, ok := e.(Call); ok && c.Repeated {
			continue
		}
		kept = append(kept, e)
	}
	return kept
}

// same compares the result of the run in memory with that of a loaded one. Only a
// Need may be larger for the latter, whose cache is empty.
func (p *player) same(a, b *Result) {
	p.t.Helper()
	if b.Need != nil && a.Need == nil {
		return // compared again at the next step
	}
	if !bytes.Equal(a.Head, b.Head) {
		p.t.Fatalf("heads differ:\n%q\n%q", a.Head, b.Head)
	}
	if !reflect.DeepEqual(a.Rows, b.Rows) {
		p.t.Fatalf("rows differ:\n%q\n%q", a.Rows, b.Rows)
	}
	if describe(a.Effects) != describe(b.Effects) || !a.Wake.Equal(b.Wake) || a.More != b.More {
		p.t.Fatalf("answers differ:\n%+v\n%+v", a, b)
	}
}

func describe(effects []Effect) string {
	var b bytes.Buffer
	for _, e := range effects {
		if c, ok := e.(Call); ok {
			fmt.Fprintf(&b, "call %s %s %s %v %v;", c.ID, c.Inputs.JSON(), c.Context.JSON(), c.Deadline, c.Poll)
			continue
		}
		if u, ok := e.(Unsubscribe); ok {
			fmt.Fprintf(&b, "unsubscribe %s %s %s %v;", u.ID, u.Inputs.JSON(), u.ClientRequestID, u.Retry)
			continue
		}
		fmt.Fprintf(&b, "%T %v;", e, e)
	}
	return b.String()
}

func (p *player) keep(res Result) {
	for _, c := range res.Contents {
		p.contents[c.ID] = c.Value
	}
	p.head = res.Head
	p.rows = append(p.rows, res.Rows...)
	p.last = res
	p.steps = append(p.steps, res)
	p.effects = append(p.effects, res.Effects...)
	for _, e := range res.Effects {
		switch e := e.(type) {
		case Call:
			p.pending = append(p.pending, e)
		case Abandon:
			for i := range p.pending {
				if p.pending[i].ID == e.ID {
					p.pending = append(p.pending[:i:i], p.pending[i+1:]...)
					break
				}
			}
		}
	}
}

// next is what a runner would do next; nil when nothing can happen.
func (p *player) next() Event {
	switch {
	case p.last.Need != nil:
		return p.loaded(p.last.Need)
	case p.last.More:
		return Continue{}
	}
	if ev, ok := p.nextCall(); ok {
		return ev
	}
	switch {
	case len(p.pending) > 0:
		i := p.pick(len(p.pending))
		c := p.pending[i]
		p.pending = append(p.pending[:i:i], p.pending[i+1:]...)
		p.now = p.now.Add(time.Second)
		return Completed{c.ID, p.outcome(c), c.Repeated}
	case p.hurries != nil && p.hurries():
		return Ready{p.polled()}
	case !p.last.Wake.IsZero():
		if p.last.Wake.After(p.now) {
			p.now = p.last.Wake
		}
		return Woke{}
	}
	return nil
}

// polled is the URL of something that will be polled; one that nothing has if nothing
// will be.
func (p *player) polled() string {
	var urls []string
	for _, l := range p.run.flights {
		if !l.called && l.poll != "" {
			urls = append(urls, l.poll)
		}
	}
	if len(urls) == 0 {
		return "http://poll/none"
	}
	return urls[p.pick(len(urls))]
}

// nextCall is the next callback that is called.
func (p *player) nextCall() (Called, bool) {
	for _, l := range p.run.flights {
		if p.callback == nil || !isWebhook(l.action.Type) || p.answered[l.name(p.run)] {
			continue
		}
		switch how := p.callback(l.name(p.run)); {
		case how == early && l.called, how == later && l.subscribed:
			p.answered[l.name(p.run)] = true
			ev := Called{Action: l.action.Name, Outputs: bodyOf(expr.String(string(l.name(p.run))))}
			for _, r := range l.frame.repetition() {
				ev.Repetition = append(ev.Repetition, r.Index)
			}
			return ev, true
		}
	}
	return Called{}, false
}

// loaded answers a need from what is stored.
func (p *player) loaded(need *Need) (ev Loaded) {
	for _, scope := range need.Scopes {
		for _, row := range p.rows {
			if row.Scope == scope {
				ev.Rows = append(ev.Rows, row)
			}
		}
	}
	for _, ref := range need.Contents {
		if v, ok := p.contents[ref.ID]; ok {
			ev.Contents = append(ev.Contents, Content{ref.ID, v})
		}
	}
	return ev
}

// play drives the run to its end.
func (p *player) play() *player {
	p.t.Helper()
	if p.head == nil {
		p.step(Begin{})
	}
	for n := 0; !p.last.Summary.Status.Final(); n++ {
		ev := p.next()
		if ev == nil {
			p.t.Fatalf("stuck as %v", p.last.Summary.Status)
		}
		if n > 100_000 {
			p.t.Fatal("does not end")
		}
		p.step(ev)
		if called, ok := ev.(Called); ok {
			p.refused(called)
		}
	}
	return p
}

// refused holds that a call for nobody changes nothing, in memory or loaded.
func (p *player) refused(ev Called) {
	p.t.Helper()
	for _, r := range []*Run{p.run, p.load()} {
		if res, err := r.Step(p.now, ev); err != ErrNotWaiting || res.Head != nil {
			p.t.Fatalf("answered %v, %+v", err, res)
		}
	}
}

func (p *player) records() []Record {
	p.t.Helper()
	records, err := DecodeRecords(p.rows)
	if err != nil {
		p.t.Fatal(err)
	}
	return records
}

// record is the only record of an action at the top level.
func (p *player) record(name string) Record {
	p.t.Helper()
	var found []Record
	for _, r := range p.records() {
		if r.Action == name && !r.Iteration {
			found = append(found, r)
		}
	}
	if len(found) == 0 {
		p.t.Fatalf("no record of %s", name)
	}
	return found[len(found)-1]
}

func hash(parts ...any) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, parts...)
	return h.Sum64()
}

// origin is the run as one of which something is kept.
func (p *player) origin() Origin {
	rows := slices.Clone(p.rows)
	slices.SortStableFunc(rows, func(a, b Row) int { return strings.Compare(a.Scope, b.Scope) })
	return Origin{Workflow: p.w, Head: p.head, Rows: rows}
}

// again is a run of w that begins at the named actions of another one, an hour later.
func (p *player) again(w *Workflow, o Origin, names []string) (*player, error) {
	kept, err := Keep(w, o, names)
	if err != nil {
		return nil, err
	}
	s := Start{RunID: p.run.start.RunID + "+", Time: p.now.Add(time.Hour), Seed: p.run.start.Seed + 1, Kept: kept}
	s.Trigger = p.run.start.Trigger
	q := newPlayer(p.t, w, s)
	for _, id := range kept.Contents {
		q.contents[id] = p.contents[id]
	}
	q.outcome, q.callback, q.pick, q.hurries, q.twice = p.outcome, p.callback, p.pick, p.hurries, p.twice
	return q, nil
}
