package runner

import "isle/engine"

// A run that another run has called is not waited for: its parent asks for the answer
// from time to time, which survives a restart of the process. That the parent is told
// when there is an answer only saves it the wait.

// Asker is a run that polls a URL for the answer of another one.
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
