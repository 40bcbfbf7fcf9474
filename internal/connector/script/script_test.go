package script

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"isle/engine"
	"isle/expr"
	"isle/internal/connector"
	"isle/wdl"
)

// A worker of these tests is the test binary with this argument.
const workerArgument = "script-worker"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workerArgument {
		if err := Work(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func startWorker() (*exec.Cmd, error) {
	name, err := os.Executable()
	return exec.Command(name, workerArgument), err
}

// pooled is an operation with worker processes, which are gone when the test ends.
func pooled(t *testing.T, o Options) *Operation {
	t.Helper()
	o.Start = startWorker
	p := Pool(o)
	t.Cleanup(p.Close)
	return p
}

func call(code, context string) connector.Call {
	v, err := expr.ReadJSON([]byte(context))
	if err != nil {
		panic(err)
	}
	return connector.Call{Call: engine.Call{
		Subject: engine.Subject{Name: "J"}, Operation: wdl.TypeJavaScriptCode, Context: v,
		Inputs: expr.Object(expr.Member{Name: "code", Value: expr.String(code)}),
	}}
}

// perform gives the outputs, or the error's message.
func perform(t *testing.T, o *Operation, code string) string {
	t.Helper()
	const data = `{"actions":{"A":{"name":"A","outputs":{"body":[1,2,3]}}},"trigger":{"outputs":{"body":{"q":"ü"}}},"workflow":{"name":"w"}}`
	outcome := o.Perform(context.Background(), call(code, data))
	if outcome.Error == nil {
		if outcome.Status != wdl.Succeeded || !outcome.HasOutputs {
			t.Errorf("%+v", outcome)
		}
		return string(outcome.Outputs.JSON())
	}
	if outcome.Status != wdl.Failed || outcome.Code != failureCode || outcome.Error.Code != failureCode || outcome.HasOutputs {
		t.Errorf("%+v", outcome)
	}
	return outcome.Error.Message
}

const threw = "The inline code action 'J' execution failed, with error '"

// wdl-semantics §11.13: what code returns is the body; context; failures. Both ways to
// run it agree.
func TestResults(t *testing.T) {
	ways := map[string]*Operation{"processes": pooled(t, Options{Workers: 1}), "in process": InProcess(Limits{})}
	for name, c := range map[string]struct{ code, want string }{
		"number":           {`return 1`, `{"body":1}`},
		"text":             {`return "a\u00e4" + workflowContext.trigger.outputs.body.q`, `{"body":"aäü"}`},
		"context":          {`return workflowContext.actions.A.outputs.body.map(x => x * 2)`, `{"body":[2,4,6]}`},
		"workflow":         {`return workflowContext.workflow.name`, `{"body":"w"}`},
		"unknown action":   {`return workflowContext.actions.Nothing === undefined`, `{"body":true}`},
		"null":             {`return null`, `{"body":null}`},
		"nothing":          {`1 + 1`, `{}`},
		"undefined":        {`return undefined`, `{}`},
		"function":         {`return () => 1`, `{}`},
		"members":          {`return {a: undefined, b: NaN, c: new Date(0), d: -0, e: [undefined], f: 1e21, g: 0.1}`, `{"body":{"b":null,"c":"1970-01-01T00:00:00.000Z","d":0,"e":[null],"f":1E+21,"g":0.1}}`},
		"toJSON":           {`return {toJSON() { return "x" }}`, `{"body":"x"}`},
		"async":            {`return (async () => { await null; return [await Promise.resolve(5)] })()`, `{"body":[5]}`},
		"rejected":         {`return Promise.reject(new TypeError("no"))`, threw + `TypeError: no'.`},
		"pending":          {`return new Promise(() => {})`, `The inline code action 'J' execution failed: the code returned a promise that nothing settles: there are no timers and no I/O to wait for.`},
		"sloppy":           {`x = 5; return this.x`, `{"body":5}`},
		"own name":         {`var workflowContext = 1; return workflowContext`, `{"body":1}`},
		"comment at end":   {`return 1 // one`, `{"body":1}`},
		"carriage returns": {"var a = 1;\r\nreturn a", `{"body":1}`},
		"console":          {`console.log("x"); return 1`, `{"body":1}`},
		"throw text":       {`throw 'unhandled exception'`, threw + `unhandled exception' at line 1 of the code.`},
		"throw error":      {"var a;\n\nthrow new RangeError('far')", threw + `RangeError: far' at line 3 of the code.`},
		"undefined name":   {"1;\nreturn nothing.x", threw + `ReferenceError: nothing is not defined' at line 2 of the code.`},
		"throw null":       {`throw null`, threw + `null' at line 1 of the code.`},
		"throw bad":        {`throw {toString() { throw 1 }}`, threw + `an error that has no text' at line 1 of the code.`},
		"cycle":            {`let a = {}; a.a = a; return a`, threw + `TypeError: Converting circular structure to JSON'.`},
		"bigint":           {`return 1n`, threw + `TypeError: Do not know how to serialize a BigInt'.`},
		"syntax":           {`return 'Hello from ;`, threw + `SyntaxError: Unexpected token ILLEGAL' at line 1 of the code.`},
		"early error":      {"1;\nlet a; let a", threw + `SyntaxError: Identifier 'a' has already been declared' at line 2 of the code.`},
		"break out":        {`}); (function () {`, threw + `SyntaxError: Unexpected token '}': the code closes a brace that it did not open'.`},
		"no modules":       {`return require('fs')`, threw + `ReferenceError: require is not defined' at line 1 of the code.`},
		"no timers":        {`setTimeout(() => 1)`, threw + `ReferenceError: setTimeout is not defined' at line 1 of the code.`},
		"no fetch":         {`return [typeof fetch, typeof process, typeof XMLHttpRequest, typeof module, typeof global]`, `{"body":["undefined","undefined","undefined","undefined","undefined"]}`},
		"constructor":      {`return (() => {}).constructor.constructor("return typeof process")()`, `{"body":"undefined"}`},
		"source map":       {"return 1\n//# sourceMappingURL=/etc/passwd", `{"body":1}`},
		"eval source map":  {`return eval("1\n//# sourceMappingURL=/etc/passwd")`, `{"body":1}`},
		"own JSON":         {`JSON.stringify = () => "x"; JSON.parse = null; return {a: 1}`, `{"body":{"a":1}}`},
		"deep calls":       {`function f() { return 1 + f() } return f()`, threw + `RangeError: Maximum call stack size exceeded' at line 1 of the code.`},
		"deep callbacks":   {`function f() { return [1].map(f) } return f()`, threw + `RangeError: Maximum call stack size exceeded' at line 1 of the code.`},
		"half a character": {`return "\ud800"`, "{\"body\":\"\uFFFD\"}"},
		"empty":            {``, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			for way, o := range ways {
				if got := perform(t, o, c.code); got != c.want {
					t.Errorf("%s: %s\nwant %s", way, got, c.want)
				}
			}
		})
	}
}

// Nothing of one script reaches the next in the same process.
func TestScriptsDoNotMeet(t *testing.T) {
	o := pooled(t, Options{Workers: 1})
	for _, code := range []string{
		`Object.prototype.leak = 1; Array.prototype.map = () => "leak"; globalThis.leak = 1; leak2 = 2; return 1`,
		`Promise.resolve().then(() => { throw 1 }); return 1`,
	} {
		if got := perform(t, o, code); got != `{"body":1}` {
			t.Error(got)
		}
		if got := perform(t, o, `return [({}).leak, typeof leak, typeof leak2, [1].map(x => x)]`); got != `{"body":[null,"undefined","undefined",[1]]}` {
			t.Error(got)
		}
	}
}

// What takes too much is stopped, says so, and leaves the pool as it was.
func TestExcess(t *testing.T) {
	hasty := pooled(t, Options{Limits: Limits{Time: 300 * time.Millisecond, Memory: 64 << 20, Result: 1000}, Workers: 2})
	patient := pooled(t, Options{Limits: Limits{Time: time.Minute, Memory: 64 << 20}, Workers: 2})
	const late, memory = "The inline code action 'J' execution failed: the code did not end within 300ms.", "The inline code action 'J' execution failed: the code and its data need more than the 64 MB of memory that a script may have."
	tests := map[string]struct{ code, want string }{
		"endless loop":          {`for (;;) {}`, late},
		"endless catch":         {`for (;;) { try { for (;;) {} } catch (e) {} finally { continue } }`, late},
		"endless jobs":          {`const f = () => Promise.resolve().then(f); return f()`, late},
		"endless toJSON":        {`return {toJSON() { for (;;) {} }}`, late},
		"endless text of error": {`throw {toString() { for (;;) {} }}`, threw + `an error that has no text' at line 1 of the code.`},
		"regular expression":    {`return /^(?:(a+)+)(?!x)$/.test("a".repeat(40) + "!")`, late},
		"growing list":          {`const a = []; for (;;) a.push(new Array(1000).fill(1))`, memory},
		"huge buffer":           {`const a = []; for (let i = 0; i < 100; i++) a.push(new Uint8Array(1 << 30).fill(1)); return a.length`, memory},
		"doubling text":         {`let s = "x".repeat(1000); const all = []; for (;;) { s += s; all.push(s.split("")) }`, memory},
		"large result":          {`return "x".repeat(999)`, "The inline code action 'J' execution failed: the code returned 1001 bytes of JSON, more than the 1000 that a message may have."},
		"long error":            {`throw "x".repeat(10000)`, threw + strings.Repeat("x", maxReason) + `…' at line 1 of the code.`},
	}
	var all sync.WaitGroup
	for name, c := range tests {
		all.Go(func() {
			o := hasty
			if c.want == memory {
				o = patient
			}
			got := perform(t, o, c.code)
			if before, _, told := strings.Cut(got, ", and had taken "); told { // by the time it was stopped
				got = before + "."
			}
			if got != c.want {
				t.Errorf("%s: %s", name, got)
			}
			if got := perform(t, o, `return 1`); got != `{"body":1}` {
				t.Errorf("after %s: %s", name, got)
			}
		})
	}
	all.Wait()
}

// Whatever it is that takes the memory, the script ends for its memory, within its time
// and without harm to the next.
func TestMemoryBombs(t *testing.T) {
	o := pooled(t, Options{Limits: Limits{Time: 10 * time.Minute, Memory: 32 << 20}, Workers: 2})
	const memory = "The inline code action 'J' execution failed: the code and its data need more than the 32 MB of memory that a script may have."
	for name, code := range map[string]string{
		"text doubled":           `let s = "x"; for (;;) s += s`,
		"text of other scripts":  `let s = "ü"; for (;;) s += s`,
		"text repeated":          `return "x".repeat(1 << 30).length`,
		"text of no memory":      `return "x".repeat(2 ** 53).length`,
		"text padded":            `return "x".padEnd(2 ** 40, "abc").length`,
		"template":               "let s = 'ab'; for (;;) s = `${s}${s}${s}`",
		"text escaped":           `return encodeURIComponent("ü".repeat(1 << 25)).length`,
		"array filled":           `return new Array(1e7).fill(1).length`,
		"array of great length":  `return Array.apply(null, {length: 1e9}).length`,
		"array pushed":           `const a = []; for (;;) a.push({})`,
		"array of arrays":        `const a = []; for (;;) a.push(new Array(1000).fill(1))`,
		"typed array":            `return new Uint8Array(1 << 30).fill(1).length`,
		"typed arrays":           `const a = []; for (;;) a.push(new Float64Array(1 << 13))`,
		"buffers":                `const a = []; for (;;) a.push(new ArrayBuffer(1 << 20))`,
		"members":                `const o = {}; for (let i = 0;; i++) o["k" + i] = i`,
		"map":                    `const m = new Map(); for (let i = 0;; i++) m.set(i, {i})`,
		"list":                   `let l = null; for (;;) l = {l}`,
		"closures":               `let f = () => 0; for (;;) { const g = f; f = () => g }`,
		"arguments":              `const a = []; function f() { a.push(arguments) } for (;;) f(1, 2, 3)`,
		"recursion with data":    `function f(a) { return f([a, new Array(10000).fill(1)]) } return f()`,
		"generator":              `function* g() { for (;;) yield {} } return [...g()]`,
		"promises":               `const f = () => { Promise.resolve().then(f); Promise.resolve().then(f) }; f(); return 1`,
		"big integer":            `let n = 2n; for (;;) n = n * n`,
		"big integer shifted":    `return (1n << (1n << 40n)).toString().length`,
		"expression that splits": `return "x".repeat(1 << 26).split("").length`,
		"expression replacing":   `return "x".repeat(1 << 20).replace(/x/g, "y".repeat(1 << 20)).length`,
		"expression going back":  `return /^(?:(a|b)*?(c|d)?)*(?!x)$/.test("ab".repeat(1 << 22) + "!")`,
		"matches":                `return [..."x".repeat(1 << 24).matchAll(/x/g)].length`,
		"JSON of many objects":   `return JSON.parse("[" + "{},".repeat(1e7) + "0]").length`,
		"JSON doubled":           `let s = "1"; for (;;) s = JSON.stringify([JSON.parse(s), JSON.parse(s)])`,
		"result of shared parts": `let a = "x".repeat(1000); for (let i = 0; i < 40; i++) a = [a, a]; return a`,
		"code made":              `return eval("[" + "1,".repeat(1e7) + "]").length`,
		"error's text":           `throw new Error("x".repeat(1 << 28))`,
		"error's text made":      `throw {toString() { return "x".repeat(1 << 28) }}`,
	} {
		t.Run(name, func(t *testing.T) {
			if got := perform(t, o, code); got != memory {
				t.Error(got)
			}
			if got := perform(t, o, `return 1`); got != `{"body":1}` {
				t.Errorf("after that: %s", got)
			}
		})
	}
}

// What a script holds may fill most of its memory, and what it has dropped does not count.
func TestMemoryThatAScriptMayHave(t *testing.T) {
	o := pooled(t, Options{Limits: Limits{Time: 10 * time.Minute, Memory: 64 << 20}, Workers: 1})
	for name, code := range map[string]string{
		"held":    `const a = new Uint8Array(30 << 20).fill(1); return a.length >> 20`,
		"garbage": `let n = 0; for (let i = 0; i < 100; i++) n = new Uint8Array(1 << 20).fill(1).length; return 30 * n >> 20`,
		"texts":   `let n = 0; for (let i = 0; i < 100; i++) n = "x".repeat(1 << 20).length; return 30 * n >> 20`,
	} {
		if got := perform(t, o, code); got != `{"body":30}` {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// What is stopped for its time while it holds much memory is told of both.
func TestTimeAndMemory(t *testing.T) {
	o := pooled(t, Options{Limits: Limits{Time: 300 * time.Millisecond, Memory: 64 << 20}, Workers: 1})
	got := perform(t, o, `const held = new Uint8Array(34 << 20); for (;;) held.length`)
	if !strings.Contains(got, "did not end within 300ms, and had taken ") || !strings.Contains(got, " of the 64 MB of memory") {
		t.Error(got)
	}
}

// JSON of great depth uses the stack of the interpreter itself.
func TestDeepJSON(t *testing.T) {
	o := pooled(t, Options{Workers: 1})
	got := perform(t, o, `return JSON.parse("[".repeat(3e6) + "]".repeat(3e6)).length`)
	if !strings.Contains(got, "RangeError") && !strings.Contains(got, "memory") && !strings.Contains(got, "within 5s") {
		t.Error(got)
	}
	if got := perform(t, o, `return 1`); got != `{"body":1}` {
		t.Error(got)
	}
}

// A worker that is killed from outside is replaced once.
func TestKilledWorker(t *testing.T) {
	p := newPool(Options{Start: startWorker, Workers: 1, Limits: Limits{Time: time.Minute}})
	o := &Operation{p}
	defer o.Close()
	if got := perform(t, o, `return 1`); got != `{"body":1}` {
		t.Fatal(got)
	}
	w := p.idle[0]
	if err := w.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-w.ended
	if got := perform(t, o, `return 2`); got != `{"body":2}` {
		t.Error(got)
	}
	p.options.Start = func() (*exec.Cmd, error) { // a process that another one ends
		cmd, err := startWorker()
		return exec.Command("/bin/sh", "-c", `kill -9 $$`, cmd.Path), err
	}
	p.retire(p.idle[0])
	if got := perform(t, o, `return 3`); !strings.Contains(got, "ended from outside, twice") && !strings.Contains(got, "does not listen") {
		t.Error(got)
	}
}

func TestNoProcess(t *testing.T) {
	o := Pool(Options{Start: func() (*exec.Cmd, error) { return exec.Command("/nowhere/isle"), nil }})
	defer o.Close()
	if got := perform(t, o, `return 1`); !strings.Contains(got, "no process can be started for the code") {
		t.Error(got)
	}
	if got := perform(t, Off("not here"), `return 1`); got != "The inline code action 'J' execution failed: not here." {
		t.Error(got)
	}
}

// The environment of a worker is empty.
func TestEmptyEnvironment(t *testing.T) {
	t.Setenv("SECRET", "planted")
	p := newPool(Options{Start: startWorker})
	defer p.close()
	w, err := p.worker()
	if err != nil {
		t.Fatal(err)
	}
	defer p.keep(w)
	if len(w.cmd.Env) != 0 || w.cmd.Env == nil {
		t.Errorf("%q", w.cmd.Env)
	}
}

// Idle workers end by themselves, and Close leaves no process, whatever runs.
func TestEnd(t *testing.T) {
	p := newPool(Options{Start: startWorker, Workers: 3, Idle: time.Millisecond, Limits: Limits{Time: time.Minute}})
	o := &Operation{p}
	if got := perform(t, o, `return 1`); got != `{"body":1}` {
		t.Fatal(got)
	}
	p.alive.Wait() // the one worker has ended
	begun := make(chan string, 1)
	go func() { begun <- perform(t, o, `for (;;) {}`) }()
	for busy := false; !busy; {
		p.mu.Lock()
		busy = len(p.room) == 1
		p.mu.Unlock()
	}
	o.Close()
	if got := <-begun; !strings.Contains(got, "the server is stopping") {
		t.Error(got)
	}
	if got := perform(t, o, `return 1`); !strings.Contains(got, "the server is stopping") {
		t.Error(got)
	}
}

// The end of the action ends its script.
func TestAbandoned(t *testing.T) {
	for way, o := range map[string]*Operation{"processes": pooled(t, Options{Workers: 1, Limits: Limits{Time: time.Minute}}), "in process": InProcess(Limits{Time: time.Minute})} {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		if outcome := o.Perform(ctx, call(`for (;;) {}`, `{}`)); outcome.Status != wdl.Failed || time.Since(began) > 20*time.Second {
			t.Errorf("%s: %+v", way, outcome)
		}
		if got := perform(t, o, `return 1`); got != `{"body":1}` {
			t.Errorf("%s: %s", way, got)
		}
	}
}

// Many at once share few workers.
func TestConcurrency(t *testing.T) {
	o := pooled(t, Options{Workers: 2})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if got := perform(t, o, `let n = 0; for (let i = 0; i < 1000; i++) n += i; return n`); got != `{"body":499500}` {
				t.Error(got)
			}
		})
	}
	all.Wait()
}

func BenchmarkProcess(b *testing.B) {
	o := Pool(Options{Start: startWorker})
	defer o.Close()
	c := call(`return workflowContext.a`, `{"a":[1,2,3]}`)
	for b.Loop() {
		if o.Perform(context.Background(), c).Error != nil {
			b.Fatal()
		}
	}
}
