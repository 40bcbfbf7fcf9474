package engine

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"isle/expr"
	"isle/wdl"
)

var (
	simSeed = flag.Uint64("sim.seed", 0, "run only this seed of the simulation")
	simRuns = flag.Int("sim.runs", 400, "random workflows to simulate")
)

// TestSimulation runs random workflows with random outcomes. Each event is also
// given to a run that was loaded from what is stored, which must answer in the same
// way (see player), so a crash after any commit changes nothing.
func TestSimulation(t *testing.T) {
	first, n := uint64(1), *simRuns
	if *simSeed != 0 {
		first, n = *simSeed, 1
	}
	for seed := first; seed < first+uint64(n); seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { simulate(t, seed) })
		if t.Failed() {
			t.Fatalf("repeat with -sim.seed=%d", seed)
		}
	}
}

func simulate(t *testing.T, seed uint64) {
	g := &generator{rand: rand.New(rand.NewPCG(seed, 1)), holds: map[string]bool{}}
	actions := g.workflow()
	defer func() {
		if t.Failed() {
			t.Log(actions)
		}
	}()
	w := compile(t, actions)
	start := Start{Seed: seed}
	if h := hash(seed, "deadline"); h%5 == 0 {
		start.Deadline = noon.Add(time.Duration(h%200) * time.Second)
	}
	p := newPlayer(t, w, start)
	p.outcome = func(c Call) Outcome { return chance(seed, c) }
	p.callback = func(id EffectID) manner { return manner(hash(seed, "callback", id) % 3) }
	p.pick = func(n int) int { return g.rand.IntN(n) }
	p.hurries = func() bool { return g.rand.IntN(4) == 0 }
	if g.rand.IntN(6) == 0 {
		p.step(Hold{})
		p.wait(g)
		switch {
		case p.last.Summary.Status.Final():
		case g.rand.IntN(8) == 0:
			p.step(Cancel{})
		default:
			p.step(Begin{})
		}
	}
	if g.rand.IntN(12) == 0 && p.head == nil {
		p.step(Begin{})
		for range g.rand.IntN(6) {
			if ev := p.next(); ev != nil && !p.last.Summary.Status.Final() {
				p.step(ev)
			}
		}
		if p.last.Need == nil && !p.last.Summary.Status.Final() {
			p.step(Cancel{})
		}
	}
	p.play()
	p.check()
	for n := g.rand.IntN(3); n > 0; n-- {
		if p = p.goOn(g, compile(t, actions)); p == nil {
			return
		}
	}
}

func (p *player) check() {
	p.explainAll()
	p.checkClosedOnce()
	p.checkOrder()
	p.checkStatuses()
	p.checkPartings()
	p.checkDeadline()
}

// goOn plays a run that begins at actions of this one that are drawn, or where it failed;
// nil if there is none.
func (p *player) goOn(g *generator, w *Workflow) *player {
	p.t.Helper()
	o := p.origin()
	names, err := Failures(o)
	if err != nil {
		p.t.Fatal(err)
	}
	if len(names) == 0 || g.rand.IntN(2) == 0 {
		names = nil
		for range 1 + g.rand.IntN(2) {
			names = append(names, w.Program.Actions[g.rand.IntN(len(w.Program.Actions))].Name)
		}
	}
	q, err := p.again(w, o, names)
	var refused *Unkept
	if errors.As(err, &refused) {
		return nil
	}
	if err != nil {
		p.t.Fatal(err)
	}
	q.checkVariables(p)
	if g.rand.IntN(3) == 0 {
		q.step(Hold{})
	}
	if q.head != nil && g.rand.IntN(4) == 0 {
		q.step(Cancel{})
	} else {
		q.step(Begin{})
	}
	q.play()
	q.check()
	q.checkKept(p)
	return q
}

// checkKept holds that what is kept is what the origin did, that nothing is done for it
// again, and that everything has an end.
func (p *player) checkKept(origin *player) {
	p.t.Helper()
	name := func(r *Record) string { return fmt.Sprint(ScopeOf(r.Repetition), "|", r.Action, r.Iteration) }
	was, kept := map[string]Record{}, map[string]bool{}
	for _, r := range origin.records() {
		was[name(&r)] = r
	}
	for _, r := range p.records() {
		if !r.Kept {
			continue
		}
		kept[name(&r)] = true
		old := was[name(&r)]
		old.Kept = true
		if !reflect.DeepEqual(r, old) {
			p.t.Fatalf("kept as\n%+v\nwas\n%+v", r, old)
		}
	}
	for _, e := range p.effects {
		if c, ok := e.(Call); ok && kept[fmt.Sprint(ScopeOf(c.Repetition), "|", c.Subject.Name, false)] {
			p.t.Fatalf("%s is kept and called", c.ID)
		}
	}
}

// checkVariables holds that a run that has not begun has the variables that the kept
// records tell: a sum and a text, and a list unless it was set.
func (p *player) checkVariables(origin *player) {
	p.t.Helper()
	n, text, list, set := int64(0), "", int64(0), false
	began := map[string]bool{}
	rows := p.run.kept.rows
	records, err := DecodeRecords(rows)
	if err != nil {
		p.t.Fatal(err)
	}
	slices.SortStableFunc(records, func(a, b Record) int { return a.End.Compare(b.End) })
	for _, r := range records {
		value, _ := r.Inputs.Get("value")
		switch {
		case r.Status != wdl.Succeeded:
		case r.Type == wdl.TypeInitializeVariable:
			began[r.Action] = true
		case r.Type == wdl.TypeIncrementVariable:
			n += 2
		case r.Type == wdl.TypeAppendToStringVariable:
			text += value.Text()
		case r.Type == wdl.TypeAppendToArrayVariable:
			list++
		case r.Type == wdl.TypeSetVariable:
			set = true
		}
	}
	got := map[string]expr.Value{}
	for _, v := range p.run.Variables() {
		got[v.Name] = v.Value
	}
	if len(got) != len(began) {
		p.t.Fatalf("%d variables, of %v", len(got), began)
	}
	if v, ok := got["n"]; ok && !expr.Equal(v, expr.Int(1+n)) {
		p.t.Fatalf("n is %s, not %d", v.JSON(), 1+n)
	}
	if v, ok := got["text"]; ok && len(v.Text()) != len("a"+text) {
		p.t.Fatalf("text is %s, not a permutation of a%s", v.JSON(), text)
	}
	if v, ok := got["list"]; ok && !set && int64(v.Len()) != list {
		p.t.Fatalf("list has %d elements, not %d", v.Len(), list)
	}
}

// checkDeadline holds that a run which ends after its time has timed out, with all that
// was open.
func (p *player) checkDeadline() {
	s := p.last.Summary
	if late := !s.EndTime.Before(p.run.start.Deadline); late != (s.Code == codeRunTimedOut) || late != (s.Status == wdl.TimedOut && s.Error != nil && s.Error.Code == codeRunTimedOut) {
		p.t.Fatalf("a run until %v ended %v as %v %s", p.run.start.Deadline, s.EndTime, s.Status, s.Code)
	}
}

// wait draws what may come to a run while it waits for its turn, none of which begins
// it; it may only run out of time.
func (p *player) wait(g *generator) {
	for n := g.rand.IntN(4); n > 0 && !p.last.Summary.Status.Final(); n-- {
		p.now = p.now.Add(time.Minute)
		switch g.rand.IntN(3) {
		case 0:
			p.step(Resume{})
		case 1:
			p.step(Ready{URL: "http://poll/none"})
		case 2:
			p.step(Woke{})
		}
		s := p.last.Summary
		if s.Code == codeRunTimedOut {
			return
		}
		if !s.Held || s.Status != wdl.Waiting || len(p.last.Effects) > 0 {
			p.t.Fatalf("a held run is %+v with %s", s, describe(p.last.Effects))
		}
	}
}

// chance is the outcome of a call, decided by the run's seed and the call's id.
func chance(seed uint64, c Call) Outcome {
	body := func(code int) Outcome {
		return Outcome{StatusCode: code, Outputs: expr.Object(
			expr.Member{Name: "statusCode", Value: expr.Int(int64(code))},
			expr.Member{Name: "progress", Value: expr.Int(int64(c.Progress.Len()))},
			expr.Member{Name: "body", Value: expr.Object(expr.Member{Name: "id", Value: expr.String(string(c.ID))})})}
	}
	h := hash(seed, c.ID)
	if c.Operation == wdl.TypeWorkflow && h%3 == 0 {
		return Outcome{Poll: &Poll{URL: "child/" + string(c.ID)}}
	}
	if c.Operation == wdl.TypeJavaScriptCode {
		if h%4 == 0 {
			return Outcome{Status: wdl.Failed, Code: "InlineCodeScriptRuntimeFailure", Error: &Error{"InlineCodeScriptRuntimeFailure", "it threw"}}
		}
		return Outcome{Status: wdl.Succeeded, Outputs: expr.Object(expr.Member{Name: "body", Value: expr.Int(int64(len(c.Context.JSON())))})}
	}
	switch h % 10 {
	case 0:
		return body(404)
	case 1, 2:
		o := body(503)
		if h%3 == 0 { // page by page
			o.Progress = expr.Object(expr.Member{Name: "after", Value: c.Progress}, expr.Member{Name: "id", Value: expr.String(strings.Repeat(string(c.ID), 1+int(h%5)*1000))})
		}
		return o
	case 3:
		return Outcome{Status: wdl.Failed, Code: "UnresolvableHostName", Error: &Error{"UnresolvableHostName", "no such host"}, Retryable: h%20 < 10}
	case 4:
		o := body(202)
		o.Poll = &Poll{URL: "http://poll/" + string(c.ID)}
		return o
	}
	return body(200)
}

// checkClosedOnce holds that no record follows the final one of an action.
func (p *player) checkClosedOnce() {
	type key struct {
		scope     string
		action    int
		iteration bool
	}
	final := map[key]bool{}
	for _, row := range p.rows {
		if strings.HasPrefix(row.Scope, "$") {
			continue
		}
		d := decoder{rest: row.Payload}
		d.items(func(it *item) bool {
			if it.flags&itemTrigger != 0 {
				return true
			}
			k := key{row.Scope, it.action, it.flags&itemIteration != 0}
			if final[k] {
				p.t.Fatalf("%s of scope %q is written after it closed", it.name, row.Scope)
			}
			final[k] = it.status.Final()
			return true
		})
		if d.err != nil {
			p.t.Fatal(d.err)
		}
	}
	for k, closed := range final {
		if !closed {
			p.t.Fatalf("%s of scope %q is never closed", p.w.Program.Actions[k.action].Name, k.scope)
		}
	}
}

// checkOrder holds that the record of a call is in a row before its effect, and
// that the run finishes once, at the end.
func (p *player) checkOrder() {
	open := map[string]bool{}
	for i, res := range p.steps {
		records, err := DecodeRecords(res.Rows)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, r := range records {
			open[ScopeOf(r.Repetition)+"|"+r.Action] = true
		}
		for j, e := range res.Effects {
			switch e := e.(type) {
			case Call:
				if !open[ScopeOf(e.Repetition)+"|"+e.Subject.Name] {
					p.t.Fatalf("call %s before its record", e.ID)
				}
			case Finish:
				if i != len(p.steps)-1 || j != len(res.Effects)-1 {
					p.t.Fatal("finished before the end")
				}
			}
		}
		if len(records) > MaxStepRecords+100 {
			p.t.Fatalf("a step of %d records", len(records))
		}
	}
}

// checkPartings holds that a webhook whose subscription was sent is unsubscribed once
// if it has timed out or was cancelled, and else not (wdl-semantics §11.10).
func (p *player) checkPartings() {
	sent, taken := map[string]bool{}, map[string]int{}
	for _, e := range p.effects {
		switch e := e.(type) {
		case Call:
			sent[ScopeOf(e.Repetition)+"|"+e.Subject.Name] = true
		case Unsubscribe:
			taken[ScopeOf(e.Repetition)+"|"+e.Subject.Name]++
		}
	}
	for _, r := range p.records() {
		if r.Type != wdl.TypeHTTPWebhook {
			continue
		}
		want, name := 0, ScopeOf(r.Repetition)+"|"+r.Action
		if sent[name] && (r.Status == wdl.TimedOut || r.Status == wdl.Cancelled) {
			want = 1
		}
		if taken[name] != want {
			p.t.Fatalf("%s is %v and was unsubscribed %d times", name, r.Status, taken[name])
		}
	}
}

// checkStatuses compares the recorded status of each container at the top level, and
// of the run, with the leaf rule applied to the records anew.
func (p *player) checkStatuses() {
	s := p.last.Summary
	if s.Code == codeTerminate || s.Code == "Cancelled" || s.Code == codeRunTimedOut {
		return
	}
	status, kept := map[int]wdl.Status{}, map[int]bool{} // a kept one may have been cut off with its run
	for _, r := range p.records() {
		if len(r.Repetition) == 0 && !r.Iteration {
			status[r.Index], kept[r.Index] = r.Status, r.Kept
		}
	}
	if want := leafRule(p.w.Program, p.w.Program.Root, status); s.Status != want {
		p.t.Fatalf("run is %v, want %v", s.Status, want)
	}
	for _, a := range p.w.Program.Actions {
		if a.Type != wdl.TypeScope || a.Depth > 0 || status[a.Index] == wdl.Skipped || kept[a.Index] {
			continue
		}
		if want := leafRule(p.w.Program, a.Branches[0], status); status[a.Index] != want {
			p.t.Fatalf("%s is %v, want %v", a.Name, status[a.Index], want)
		}
	}
}

// leafRule is wdl-semantics §13.3 word for word.
func leafRule(p *wdl.Program, c *wdl.Container, status map[int]wdl.Status) wdl.Status {
	listed := map[int]bool{}
	for _, i := range c.Actions {
		for _, pre := range p.Actions[i].RunAfter {
			listed[pre.Action] = true
		}
	}
	leaves := map[int]bool{}
	for _, i := range c.Actions {
		if !listed[i] {
			leaves[i] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for i := range leaves {
			if status[i] == wdl.Skipped {
				delete(leaves, i)
				for _, pre := range p.Actions[i].RunAfter {
					leaves[pre.Action] = true
				}
				grown = true
			}
		}
	}
	result := wdl.Succeeded
	for i := range leaves {
		switch {
		case status[i] == wdl.Failed:
			return wdl.Failed
		case status[i] == wdl.TimedOut:
			result = wdl.TimedOut
		}
	}
	return result
}

// generator writes random definitions.
type generator struct {
	rand  *rand.Rand
	count int
	holds map[string]bool // the container actions
}

func (g *generator) workflow() string {
	return `{"V0":{"type":"InitializeVariable","inputs":{"variables":[{"name":"n","type":"integer","value":1}]}},
		"V1":{"type":"InitializeVariable","inputs":{"variables":[{"name":"list","type":"array"}]},"runAfter":{"V0":["Succeeded"]}},
		"V2":{"type":"InitializeVariable","inputs":{"variables":[{"name":"text","type":"string","value":"a"}]},"runAfter":{"V1":["Succeeded"]}},
		"Main":{"type":"Scope","runAfter":{"V2":["Succeeded"]},"actions":` + g.siblings(0, true) + `},
		"Last":{"type":"Compose","inputs":{"n":"@variables('n')","list":"@length(variables('list'))","text":"@variables('text')","r":"@result('Main')"},
			"runAfter":{"Main":["Succeeded","Failed","Skipped","TimedOut"]}}}`
}

func (g *generator) siblings(depth int, top bool) string {
	var names []string
	var b strings.Builder
	b.WriteByte('{')
	for i := range 1 + g.rand.IntN(5) {
		if i > 0 {
			b.WriteByte(',')
		}
		g.count++
		name := fmt.Sprintf("A%d", g.count)
		after := map[string]string{}
		for _, n := range names {
			if g.rand.IntN(3) == 0 {
				after[n] = g.statuses()
			}
		}
		action := g.action(depth, top, after)
		g.holds[name] = strings.Contains(action, `"actions":`)
		fmt.Fprintf(&b, "%q:{%s", name, action)
		if len(after) > 0 {
			b.WriteString(`,"runAfter":{`)
			first := true
			for _, n := range names {
				if list, ok := after[n]; ok {
					if !first {
						b.WriteByte(',')
					}
					first = false
					fmt.Fprintf(&b, "%q:%s", n, list)
				}
			}
			b.WriteByte('}')
		}
		b.WriteByte('}')
		names = append(names, name)
	}
	b.WriteByte('}')
	return b.String()
}

func (g *generator) statuses() string {
	return []string{`["Succeeded"]`, `["Succeeded"]`, `["Failed"]`, `["Skipped"]`, `["Failed","TimedOut"]`,
		`["Succeeded","Failed","Skipped","TimedOut"]`, `["Succeeded","Failed"]`}[g.rand.IntN(7)]
}

func (g *generator) action(depth int, top bool, after map[string]string) string {
	if depth < 3 && g.rand.IntN(3) == 0 {
		return g.container(depth, top)
	}
	for name := range after {
		if len(after) == 1 && g.holds[name] {
			return fmt.Sprintf(`"type":"Compose","inputs":"@length(result('%s'))"`, name)
		}
		if len(after) == 1 && g.rand.IntN(2) == 0 {
			return fmt.Sprintf(`"type":"Compose","inputs":{"of":"@outputs('%s')","body":"@body('%s')","s":"@actions('%s')?['status']"}`, name, name, name)
		}
	}
	if g.rand.IntN(12) == 0 {
		return g.code()
	}
	switch g.rand.IntN(19) {
	case 0, 1:
		return `"type":"Compose","inputs":"@int('no')"`
	case 2, 3, 4:
		return `"type":"Http","inputs":{"method":"GET","uri":"http://x/@{guid()}","retryPolicy":` + []string{`{"type":"none"}`,
			`{"type":"fixed","count":2,"interval":"PT10S"}`, `{"type":"exponential","count":3,"interval":"PT7S"}`}[g.rand.IntN(3)] + `}` +
			[]string{``, `,"limit":{"timeout":"PT25S"}`, `,"operationOptions":"DisableAsyncPattern"`}[g.rand.IntN(3)]
	case 5:
		return `"type":"Wait","inputs":{"interval":{"count":3,"unit":"Second"}}`
	case 6:
		return `"type":"IncrementVariable","inputs":{"name":"n","value":2}`
	case 7, 8:
		return `"type":"AppendToArrayVariable","inputs":{"name":"list","value":"@{variables('n')}-@{rand(0,1000)}"}`
	case 9:
		return `"type":"AppendToStringVariable","inputs":{"name":"text","value":"@{length(variables('list'))},"}`
	case 10:
		return `"type":"SetVariable","inputs":{"name":"list","value":"@range(0, variables('n'))"}`
	case 11:
		return `"type":"Query","inputs":{"from":"@range(0,5)","where":"@greater(item(),variables('n'))"}`
	case 12: // beyond the inline limit
		return `"type":"Compose","inputs":{"big":"@range(0,16000)","id":"@guid()"}`
	case 13: // look inside and pass on
		for name := range after {
			if len(after) == 1 {
				return fmt.Sprintf(`"type":"Compose","inputs":{"n":"@length(string(outputs('%s')))","all":"@outputs('%s')"}`, name, name)
			}
		}
		return `"type":"Compose","inputs":1`
	case 16, 17:
		return `"type":"HttpWebhook","inputs":{"subscribe":{"method":"POST","uri":"http://s/@{guid()}","body":"@listCallbackUrl()","retryPolicy":` +
			[]string{`{"type":"none"}`, `{"type":"fixed","count":2,"interval":"PT10S"}`}[g.rand.IntN(2)] +
			`},"unsubscribe":{"uri":"http://u/@{guid()}/@{length(string(action()?['outputs']))}"}}` + []string{``, `,"limit":{"timeout":"PT25S"}`}[g.rand.IntN(2)]
	case 14:
		if top && g.rand.IntN(3) == 0 {
			return `"type":"Terminate","inputs":{"runStatus":"` + []string{"Succeeded", "Failed", "Cancelled"}[g.rand.IntN(3)] + `"}`
		}
	case 15:
		return `"type":"Workflow","inputs":{"host":{"triggerName":"manual","workflow":{"id":"/w"}},"retryPolicy":{"type":"fixed","count":1,"interval":"PT10S"}}` +
			[]string{``, `,"limit":{"timeout":"PT25S"}`}[g.rand.IntN(2)]
	}
	return `"type":"Compose","inputs":{"n":"@variables('n')","id":"@guid()"}`
}

// code is inline code that reads an action by name, or whatever has ended; one in a
// loop that has closed too.
func (g *generator) code() string {
	return `"type":"JavaScriptCode","inputs":{"code":"` + []string{
		`return workflowContext.actions.A` + fmt.Sprint(1+g.rand.IntN(g.count)),
		`const {actions} = workflowContext; return actions`,
		`return workflowContext.trigger`}[g.rand.IntN(3)] + `"}`
}

func (g *generator) container(depth int, top bool) string {
	inner := func(top bool) string { return g.siblings(depth+1, top) }
	switch g.rand.IntN(6) {
	case 0:
		return `"type":"Scope","actions":` + inner(top)
	case 1:
		return `"type":"If","expression":{"and":[{"greater":["@variables('n')",` + fmt.Sprint(g.rand.IntN(3)) + `]},{"less":["@length(variables('text'))",40]}]},"actions":` +
			inner(top) + `,"else":{"actions":` + inner(top) + `}`
	case 2:
		return `"type":"Switch","expression":"@variables('n')","cases":{"One":{"case":1,"actions":` + inner(top) +
			`},"Three":{"case":3,"actions":` + inner(top) + `}},"default":{"actions":` + inner(top) + `}`
	case 3:
		return fmt.Sprintf(`"type":"Until","expression":"@or(greater(rand(0,10),6), greater(length(variables('list')),3))","limit":{"count":%d,"timeout":"PT1M"},"actions":`, 1+g.rand.IntN(4)) + inner(false)
	}
	options := []string{``, `,"operationOptions":"Sequential"`, `,"runtimeConfiguration":{"concurrency":{"repetitions":2}}`}[g.rand.IntN(3)]
	return `"type":"Foreach","foreach":"@range(0,` + fmt.Sprint(g.rand.IntN(5)) + `)"` + options + `,"actions":` + inner(false)
}

// A run that is never loaded and one that is loaded before each event, with the
// contents it has dropped, end with the same records.
func TestSimulationRoutesAgree(t *testing.T) {
	for seed := uint64(1000); seed < 1040; seed++ {
		g := &generator{rand: rand.New(rand.NewPCG(seed, 1)), holds: map[string]bool{}}
		w := compile(t, g.workflow())
		end := func(reload bool) []Record {
			picks := rand.New(rand.NewPCG(seed, 2))
			p := newPlayer(t, w, Start{Seed: seed})
			p.twice = false
			p.outcome = func(c Call) Outcome { return chance(seed, c) }
			p.callback = func(id EffectID) manner { return manner(hash(seed, "callback", id) % 3) }
			p.pick = picks.IntN
			p.step(Begin{})
			for !p.last.Summary.Status.Final() {
				if reload {
					p.run = p.load()
					first := p.last
					p.step(Resume{})
					p.pending = dropRepeated(p.pending)
					if first.More {
						continue
					}
				}
				p.step(p.next())
			}
			return p.records()
		}
		if a, b := end(false), end(true); !reflect.DeepEqual(a, b) {
			t.Fatalf("seed %d: the routes end differently", seed)
		}
	}
}

// dropRepeated forgets calls that a resumed run has emitted again.
func dropRepeated(calls []Call) (kept []Call) {
	for _, c := range calls {
		if !c.Repeated {
			kept = append(kept, c)
		}
	}
	return kept
}
