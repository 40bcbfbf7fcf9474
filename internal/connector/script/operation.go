// Package script runs the code of JavaScriptCode actions (wdl-semantics §11.13).
//
// The code is the body of a function in sloppy mode; workflowContext is a global of
// it. What it returns becomes JSON as JSON.stringify makes it, a promise once it is
// settled. It has the language and nothing else: no modules, timers, files or network;
// what it logs is dropped. Each script has a runtime of its own, so nothing of one
// reaches the next.
//
// A [Pool] keeps scripts in processes of their own, made by its caller, which [Work]
// serves: their environment is empty, their memory bounded, and one that takes too much
// time or memory is killed and replaced. Where the system permits it they are locked in
// (internal/confine), so that even an interpreter that was broken open reaches nothing;
// [Operation.Isolation] says if it does not. [InProcess] runs them in this process, which
// can stop neither a regular expression without end nor a script that takes all memory:
// it is for code that is trusted. [Off] runs nothing.
package script

import (
	"context"
	"errors"
	"fmt"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/wdl"
)

// Limits bound one script.
type Limits struct {
	Time   time.Duration // that the code may run; 0: 5 s (wdl-semantics §17)
	Memory int64         // bytes, of a process; 0: 256 MB
	Result int64         // bytes of JSON that it may return; 0: 200 MB, as any message
}

func (l Limits) orDefaults() Limits {
	if l.Time <= 0 {
		l.Time = 5 * time.Second
	}
	if l.Memory <= 0 {
		l.Memory = 256 << 20
	}
	if l.Result <= 0 {
		l.Result = 200 << 20
	}
	return l
}

// job is one script with the JSON of its workflowContext.
type job struct{ code, context string }

// answer is what came of a job. Body is the JSON of what it returned, nil for
// undefined.
type answer struct {
	Body   []byte `json:"-"`
	Failed bool   `json:"failed,omitempty"`
	Reason string `json:"reason,omitempty"` // of a failure: what the code threw, or how it exceeded its limits
	Line   int    `json:"line,omitempty"`   // of the code, from 1; 0: not known
	Thrown bool   `json:"thrown,omitempty"` // Reason is JavaScript's
	late   bool   // it was stopped for its time
}

// exceeded is the answer of a script that was stopped.
func exceeded(format string, args ...any) answer {
	return answer{Failed: true, Reason: fmt.Sprintf(format, args...)}
}

func (l Limits) outOfTime() answer {
	a := exceeded("the code did not end within %v", l.Time)
	a.late = true
	return a
}

// outOfTimeWith is the same for code that held so many bytes: it may have been slow for
// the memory that it needs.
func (l Limits) outOfTimeWith(taken int64) answer {
	if taken < l.Memory/2 {
		return l.outOfTime()
	}
	return exceeded("the code did not end within %v, and had taken %d of the %d MB of memory that a script may have", l.Time, taken>>20, l.Memory>>20)
}

func (l Limits) outOfMemory() answer {
	return exceeded("the code and its data need more than the %d MB of memory that a script may have", l.Memory>>20)
}

// runner runs jobs. It fails if the context ends, or when there is no process.
type runner interface {
	run(ctx context.Context, j job) (answer, error)
	isolation() error
	close()
}

// Operation performs JavaScriptCode actions.
type Operation struct{ runner runner }

var _ connector.Operation = (*Operation)(nil)

// Close ends what the operation holds: its processes.
func (o *Operation) Close() { o.runner.close() }

// Isolation is nil if nothing but the answer leaves the place where code runs, and
// otherwise why not.
func (o *Operation) Isolation() error { return o.runner.isolation() }

// Perform implements connector.Operation.
func (o *Operation) Perform(ctx context.Context, c connector.Call) engine.Outcome {
	code, _ := c.Inputs.Get("code")
	text, _ := code.AsString()
	a, err := o.runner.run(ctx, job{code: text, context: string(c.Context.JSON())})
	if err != nil {
		return failed(c.Subject.Name, answer{Reason: err.Error()})
	}
	if a.Failed {
		return failed(c.Subject.Name, a)
	}
	outcome := engine.Outcome{Status: wdl.Succeeded, Outputs: expr.Object(), HasOutputs: true}
	if a.Body != nil {
		body, err := expr.ParseJSON(a.Body)
		if err != nil {
			return failed(c.Subject.Name, answer{Reason: "what the code returned is no JSON that can be kept: " + err.Error()})
		}
		outcome.Outputs = expr.Object(expr.Member{Name: "body", Value: body})
	}
	return outcome
}

// failureCode is that of wdl-semantics §16.
const failureCode = "InlineCodeScriptRuntimeFailure"

func failed(action string, a answer) engine.Outcome {
	text := fmt.Sprintf("The inline code action '%s' execution failed: %s.", action, a.Reason)
	if a.Thrown {
		text = fmt.Sprintf("The inline code action '%s' execution failed, with error '%s'", action, a.Reason)
		if a.Line > 0 {
			text += fmt.Sprintf(" at line %d of the code", a.Line)
		}
		text += "."
	}
	return engine.Outcome{Status: wdl.Failed, Code: failureCode, Error: &engine.Error{Code: failureCode, Message: text}}
}

// Off is the operation of a server that runs no inline code.
func Off(reason string) *Operation { return &Operation{off(reason)} }

type off string

func (o off) run(context.Context, job) (answer, error) { return answer{}, errors.New(string(o)) }
func (o off) isolation() error                         { return nil }
func (o off) close()                                   {}
