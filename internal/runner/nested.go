package runner

import (
	"strings"

	"isle/engine"
	"isle/wdl"
)

// A run that another run has called is not waited for: its parent asks for the answer
// from time to time, which survives a restart of the process. That the parent is told
// when there is an answer only saves it the wait.

// ChildURL is what a parent polls for the answer of a run.
func ChildURL(environment, run string) string { return environment + "/" + run }

// Asker is a run that polls a URL, the [ChildURL], for the answer of another one.
type Asker struct{ Environment, RunID, URL string }

// Expect tells a run when the one that it asks has answered or ended. It
// is forgotten with the process.
func (r *Runner) Expect(environment, run string, by Asker) {
	if by.RunID != "" {
		r.parents.Store(runKey{environment, run}, by)
	}
}

// Unexpect takes back what Expect was told.
func (r *Runner) Unexpect(environment, run string) { r.parents.Delete(runKey{environment, run}) }

// answered hurries the parent of a run that has an answer now.
func (r *Runner) answered(k runKey) {
	if p, ok := r.parents.LoadAndDelete(k); ok {
		by := p.(Asker)
		r.post(runKey{by.Environment, by.RunID}, engine.Ready{URL: by.URL})
	}
}

// answeredMeanwhile tells a parent which has just been given the URL of its child once more
// that the child has an answer, if that came after the child was looked at: the parent could
// do nothing with it then.
func (a *active) answeredMeanwhile(call engine.Call, o engine.Outcome) {
	if call.Operation != wdl.TypeWorkflow || o.Poll == nil {
		return
	}
	environment, run, _ := strings.Cut(o.Poll.URL, "/")
	if _, waits := a.runner.parents.Load(runKey{environment, run}); !waits {
		a.runner.post(a.key, engine.Ready{URL: o.Poll.URL})
	}
}

// Release says that the caller of a run will read the Response from its history: the
// run need not stay in memory for it.
func (r *Runner) Release(s *Started) {
	v, ok := r.live.Load(runKey{s.Environment, s.RunID})
	if !ok {
		return
	}
	a := v.(*active)
	a.mu.Lock()
	a.caller = nil
	drive := !a.driven && !a.gone
	if drive {
		a.driven = true
	}
	a.mu.Unlock()
	if drive {
		go a.drive()
	}
}
