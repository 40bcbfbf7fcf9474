package script

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/grafana/sobek"
	"github.com/grafana/sobek/ast"
	"github.com/grafana/sobek/parser"
)

const (
	// maxDepth bounds calls inside calls.
	maxDepth = 2000
	// maxReason bounds what is told of an error, in bytes.
	maxReason = 4096

	fileName = "code"
	opening  = "(function () {\n" // one line before the first of the code
)

// evaluate runs a script in a runtime of its own, until the context or its time ends.
func evaluate(ctx context.Context, j job, l Limits) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			a = l.gaveUp(p)
		}
	}()
	program, err := compile(j.code)
	if err != nil {
		return syntaxError(err)
	}
	s := newSandbox()
	if a := s.bind(j.context); a.Failed {
		return a
	}
	timer := time.AfterFunc(l.Time, func() { s.runtime.Interrupt(errTime) })
	defer timer.Stop()
	defer context.AfterFunc(ctx, func() { s.runtime.Interrupt(ctx.Err()) })()
	value, err := s.call(program)
	var text sobek.Value
	if err == nil {
		text, err = s.stringify(sobek.Undefined(), value)
	}
	switch {
	case err != nil:
		return s.failure(err, l)
	case sobek.IsUndefined(text):
		return answer{}
	}
	body := text.String()
	if int64(len(body)) > l.Result {
		return exceeded("the code returned %d bytes of JSON, more than the %d that a message may have", len(body), l.Result)
	}
	return answer{Body: []byte(body)}
}

// gaveUp tells why the interpreter panicked: a size that no memory has, or a defect of
// its own.
func (l Limits) gaveUp(p any) answer {
	text := fmt.Sprint(p)
	for _, size := range [...]string{"makeslice: ", "growslice: ", "strings: Repeat", "bytes: Repeat", "bytes.Buffer: too large"} {
		if strings.Contains(text, size) {
			return l.outOfMemory()
		}
	}
	return exceeded("the interpreter gave up: %s", clip(text))
}

var (
	errTime    = errors.New("out of time")
	errPending = errors.New("the code returned a promise that nothing settles: there are no timers and no I/O to wait for")
)

// compile wraps the code in a function. The source maps that a comment may name are not
// read: they are files.
func compile(code string) (*sobek.Program, error) {
	tree, err := parser.ParseFile(nil, fileName, opening+code+"\n})", 0, parser.WithDisableSourceMaps)
	if err != nil {
		return nil, err
	}
	if len(tree.Body) != 1 || !isFunction(tree.Body[0]) {
		return nil, parser.ErrorList{{Message: "SyntaxError: Unexpected token '}': the code closes a brace that it did not open"}}
	}
	return sobek.CompileAST(tree, false)
}

func isFunction(s ast.Statement) bool {
	statement, ok := s.(*ast.ExpressionStatement)
	if !ok {
		return false
	}
	_, ok = statement.Expression.(*ast.FunctionLiteral)
	return ok
}

// sandbox is one runtime. What it needs of JSON it takes before the code runs, which
// may put something else in its place.
type sandbox struct {
	runtime          *sobek.Runtime
	parse, stringify sobek.Callable
}

func newSandbox() *sandbox {
	s := &sandbox{runtime: sobek.New()}
	s.runtime.SetMaxCallStackSize(maxDepth)
	s.runtime.SetParserOptions(parser.WithDisableSourceMaps)
	library := s.runtime.Get("JSON").ToObject(s.runtime)
	s.parse, _ = sobek.AssertFunction(library.Get("parse"))
	s.stringify, _ = sobek.AssertFunction(library.Get("stringify"))
	return s
}

// bind sets the globals: the context, and a console that drops what it is given.
func (s *sandbox) bind(context string) answer {
	value, err := s.parse(sobek.Undefined(), s.runtime.ToValue(context))
	if err != nil {
		return exceeded("the workflowContext cannot be handed over: %v", err)
	}
	console := s.runtime.NewObject()
	drop := s.runtime.ToValue(func(sobek.FunctionCall) sobek.Value { return sobek.Undefined() })
	for _, name := range []string{"log", "info", "warn", "error", "debug", "trace"} {
		_ = console.Set(name, drop)
	}
	_ = s.runtime.Set("workflowContext", value)
	_ = s.runtime.Set("console", console)
	return answer{}
}

// call runs the code and what it has left to be done, and returns what it came to.
func (s *sandbox) call(program *sobek.Program) (sobek.Value, error) {
	function, err := s.runtime.RunProgram(program)
	if err != nil {
		return nil, err
	}
	code, _ := sobek.AssertFunction(function)
	value, err := code(sobek.Undefined())
	if err != nil {
		return nil, err
	}
	object, ok := value.(*sobek.Object)
	if !ok || object.ExportType() != promiseType {
		return value, nil
	}
	promise := object.Export().(*sobek.Promise)
	switch promise.State() {
	case sobek.PromiseStateFulfilled:
		return promise.Result(), nil
	case sobek.PromiseStateRejected:
		return nil, rejection{promise.Result()}
	}
	return nil, errPending
}

var promiseType = reflect.TypeFor[*sobek.Promise]()

// rejection is the error of a promise.
type rejection struct{ value sobek.Value }

func (r rejection) Error() string { return "the promise was rejected" }

// failure tells what an error of the code was.
func (s *sandbox) failure(err error, l Limits) answer {
	var interrupted *sobek.InterruptedError
	var overflow *sobek.StackOverflowError
	var thrown *sobek.Exception
	var rejected rejection
	switch {
	case errors.As(err, &interrupted) && interrupted.Value() == errTime:
		return l.outOfTime()
	case errors.As(err, &interrupted):
		return exceeded("the code was stopped")
	case errors.As(err, &overflow):
		return answer{Failed: true, Thrown: true, Reason: "RangeError: Maximum call stack size exceeded", Line: line(overflow.Stack())}
	case errors.As(err, &rejected):
		return answer{Failed: true, Thrown: true, Reason: s.text(rejected.value)}
	case errors.As(err, &thrown):
		return answer{Failed: true, Thrown: true, Reason: s.text(thrown.Value()), Line: line(thrown.Stack())}
	}
	return answer{Failed: true, Reason: clip(err.Error())}
}

// text is a thrown value as a text, which its own code may make.
func (s *sandbox) text(v sobek.Value) (text string) {
	text = "an error that has no text"
	defer func() { _ = recover() }() // an interrupt ends the conversion
	if v == nil {
		return text
	}
	_ = s.runtime.Try(func() { text = clip(v.String()) })
	return text
}

// line is where in the code an error arose.
func line(stack []sobek.StackFrame) int {
	for i := range stack {
		if stack[i].SrcName() == fileName {
			return max(stack[i].Position().Line-1, 0)
		}
	}
	return 0
}

// syntaxError tells why the code is no function.
func syntaxError(err error) answer {
	a := answer{Failed: true, Thrown: true, Reason: clip(err.Error())}
	var list parser.ErrorList
	var syntax *sobek.CompilerSyntaxError
	switch {
	case errors.As(err, &list) && len(list) > 0:
		a.Reason, a.Line = clip(list[0].Message), list[0].Position.Line-1
	case errors.As(err, &syntax):
		a.Reason = clip(syntax.Message)
		if syntax.File != nil {
			a.Reason, a.Line = clip(syntax.Message), syntax.File.Position(syntax.Offset).Line-1
		}
	}
	if !strings.HasPrefix(a.Reason, "SyntaxError: ") {
		a.Reason = "SyntaxError: " + a.Reason
	}
	return a
}

// clip bounds a text that the code made.
func clip(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) <= maxReason {
		return text
	}
	end := maxReason
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
