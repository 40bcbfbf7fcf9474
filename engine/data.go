package engine

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"isle/expr"
	"isle/wdl"
	"isle/wdl/schema"
)

// done is what an action that the engine carries out itself came to.
type done struct {
	inputs, outputs       expr.Value
	hasInputs, hasOutputs bool
	status                wdl.Status // zero: Succeeded
	code                  string
	err                   *Error
}

// perform carries out an action that is no container.
func (r *Run) perform(f *frame, a *wdl.Action, e *env) error {
	if a.StaticResult != nil {
		return r.giveStatic(f, a, e)
	}
	switch a.Type {
	case wdl.TypeResponse:
		return r.respond(f, a, e)
	case wdl.TypeTerminate:
		return r.terminate(f, a, e)
	case wdl.TypeWait:
		return r.wait(f, a, e)
	}
	var d done
	var err error
	switch a.Type {
	case wdl.TypeCompose:
		d, err = compose(a, e)
	case wdl.TypeExpression:
		d, err = timeAction(a, e)
	case wdl.TypeParseJSON:
		d, err = parseJSON(a, e)
	case wdl.TypeQuery:
		d, err = query(a, e)
	case wdl.TypeSelect:
		d, err = selectRows(a, e)
	case wdl.TypeJoin:
		d, err = join(a, e)
	case wdl.TypeTable:
		d, err = table(a, e)
	default:
		if a.Variable == nil {
			return r.call(f, a, e)
		}
		d, err = r.vars.perform(r, a, e)
	}
	return r.finishAction(f, a, d, err)
}

// finishAction opens and closes the record of an action that took no time. A
// template that cannot be evaluated leaves no inputs or outputs
// (wdl-semantics §11.1).
func (r *Run) finishAction(f *frame, a *wdl.Action, d done, err error) error {
	if r.lacks(err) {
		return err
	}
	if err != nil {
		d = failed(a, err)
	}
	rec := r.run(f, a)
	rec.inputs, rec.hasInputs = d.inputs, d.hasInputs
	rec.outputs, rec.hasOutputs = d.outputs, d.hasOutputs
	if d.status == wdl.NotSpecified {
		d.status = wdl.Succeeded
	}
	r.closeAction(f, a, d.status, d.code, d.err)
	return nil
}

// failed is the result of an action whose inputs cannot be evaluated or used.
func failed(a *wdl.Action, err error) done {
	var named *Error
	if errors.As(err, &named) {
		return done{status: wdl.Failed, code: codeBad, err: named}
	}
	return done{status: wdl.Failed, code: cmp.Or(limitCode(err), codeBad), err: inputsError(a, err)}
}

// evalInputs evaluates the inputs as they are recorded: of a webhook what it
// subscribes with, since its unsubscribe is evaluated when it is needed.
func evalInputs(a *wdl.Action, e *env) (expr.Value, error) {
	switch {
	case a.Subscribe != nil:
		v, err := e.eval(a.Subscribe)
		return expr.Object(expr.Member{Name: "subscribe", Value: v}), err
	case a.Inputs == nil:
		return expr.Null(), nil
	}
	v, err := e.eval(a.Inputs)
	if err == nil && a.Type == wdl.TypeJavaScriptCode {
		v = codeInputs(a, v)
	}
	return v, err
}

// giveStatic answers with the static result instead of executing; the inputs are
// evaluated all the same (wdl-semantics §12.7).
func (r *Run) giveStatic(f *frame, a *wdl.Action, e *env) error {
	inputs, err := evalInputs(a, e)
	static := a.StaticResult
	d := done{inputs: inputs, hasInputs: a.Inputs != nil || a.Subscribe != nil, outputs: static.Outputs, hasOutputs: !static.Outputs.IsNull(),
		status: static.Status, code: static.Code}
	if d.code == "" {
		d.code = map[wdl.Status]string{wdl.Failed: codeBad, wdl.TimedOut: codeTimedOut, wdl.Skipped: codeSkipped}[static.Status]
		if d.code == "" {
			d.code = codeOK
		}
	}
	if static.Error.Kind() == expr.KindObject {
		code, _ := static.Error.Get("code")
		message, _ := static.Error.Get("message")
		d.err = &Error{code.Text(), message.Text()}
	}
	return r.finishAction(f, a, d, err)
}

func compose(a *wdl.Action, e *env) (done, error) {
	v, err := evalInputs(a, e)
	return done{inputs: v, hasInputs: true, outputs: v, hasOutputs: true, code: codeOK}, err
}

func bodyOf(v expr.Value) expr.Value {
	return expr.Object(expr.Member{Name: "body", Value: v})
}

// parseJSON imitates wdl-semantics §11.7.
func parseJSON(a *wdl.Action, e *env) (done, error) {
	inputs, err := evalInputs(a, e)
	if err != nil {
		return done{}, err
	}
	content, _ := inputs.Get("content")
	if content, err = e.run.look(content); err != nil {
		return done{}, err
	}
	d := done{inputs: inputs, hasInputs: true, hasOutputs: true, code: codeOK}
	text, isText := content.AsString()
	if content.IsNull() || isText && text == "" {
		return done{}, &Error{codeTemplate, "Required property 'content' expects a value but got null. Path ''."}
	}
	if _, _, envelope := content.EnvelopeContent(); envelope {
		return done{}, &Error{codeTemplate, "The 'content' property of the action inputs is a content envelope. Convert it with json() or string() first."}
	}
	if isText {
		if content, err = readText(text); err != nil {
			return done{inputs: inputs, hasInputs: true, status: wdl.Failed, code: "InvalidJSON",
				err: &Error{"InvalidJSON", "The 'content' property of the action inputs is not valid JSON: '" + err.Error() + "'."}}, nil
		}
	}
	s, err := schemaOf(a, inputs)
	if err != nil {
		code := codeBad
		var unsupported *schema.Unsupported
		if errors.As(err, &unsupported) {
			code = "ActionSchemaNotSupported"
		}
		return done{inputs: inputs, hasInputs: true, status: wdl.Failed, code: code, err: &Error{code, err.Error()}}, nil
	}
	if s != nil {
		if violations := s.Validate(content); len(violations) > 0 {
			d.status, d.code = wdl.Failed, codeBad
			d.err = &Error{"ValidationFailed", "The schema validation failed."}
			d.outputs = expr.Object(expr.Member{Name: "errors", Value: schema.Report(violations)})
			return d, nil
		}
	}
	d.outputs = bodyOf(content)
	return d, nil
}

// readText reads JSON text; white space only is null, what follows the first value
// is ignored (wdl-semantics §5).
func readText(text string) (expr.Value, error) {
	if strings.TrimSpace(text) == "" {
		return expr.Null(), nil
	}
	return expr.ReadFirstJSON(text)
}

// schemaOf is the compiled schema of a ParseJson action: that of the program if it
// is static, else compiled from the evaluated inputs.
func schemaOf(a *wdl.Action, inputs expr.Value) (*schema.Schema, error) {
	if a.Data.Schema != nil || a.Data.SchemaError != nil {
		return a.Data.Schema, a.Data.SchemaError
	}
	v, ok := inputs.Get("schema")
	if !ok || v.IsNull() {
		return nil, nil
	}
	return schema.Compile(v)
}

// rows evaluates the `from` of a data operation.
func rows(a *wdl.Action, e *env, kind, ending string) (expr.Value, error) {
	from, err := e.evalOpen(a.Data.From)
	if err != nil {
		return from, err
	}
	if from.Kind() != expr.KindArray {
		return from, &Error{codeTemplate, fmt.Sprintf(
			"The 'from' property value in the '%s' action inputs is of type '%s'. The value must be %s.", kind, from.TypeName(), ending)}
	}
	return from, nil
}

// query keeps the rows for which `where` holds; what it records is the array alone
// (wdl-semantics §11.6).
func query(a *wdl.Action, e *env) (done, error) {
	var kept []expr.Value
	from, err := eachRow(a, e, "query", a.Data.Where, func(row, where expr.Value) error {
		yes, ok := where.AsBool()
		if !ok {
			return fmt.Errorf("The 'where' property value in the 'query' action inputs is of type '%s'. The value must be a boolean.", where.TypeName())
		}
		if yes {
			kept = append(kept, row)
		}
		return nil
	})
	return done{inputs: from, hasInputs: true, outputs: bodyOf(expr.Array(kept...)), hasOutputs: true, code: codeUnnamed}, err
}

func selectRows(a *wdl.Action, e *env) (done, error) {
	var mapped []expr.Value
	from, err := eachRow(a, e, "select", a.Data.Select, func(_, v expr.Value) error {
		mapped = append(mapped, v)
		return nil
	})
	return done{
		inputs: expr.Object(expr.Member{Name: "from", Value: from}), hasInputs: true,
		outputs: bodyOf(expr.Array(mapped...)), hasOutputs: true, code: codeUnnamed,
	}, err
}

// eachRow evaluates a template for each row of the `from`, which it returns.
func eachRow(a *wdl.Action, e *env, kind string, t *expr.Template, take func(row, v expr.Value) error) (expr.Value, error) {
	from, err := rows(a, e, kind, "an array")
	if err != nil {
		return from, err
	}
	for _, row := range from.Elements() {
		v, err := e.row(row, t)
		if err != nil {
			return from, err
		}
		if err := take(row, v); err != nil {
			return from, err
		}
	}
	return from, nil
}

func join(a *wdl.Action, e *env) (done, error) {
	from, err := rows(a, e, "join", "an array")
	if err != nil {
		return done{}, err
	}
	with, err := e.eval(a.Data.JoinWith)
	if err != nil {
		return done{}, err
	}
	if with.Kind() != expr.KindString {
		return done{}, &Error{codeTemplate, fmt.Sprintf(
			"The 'joinWith' property value in the 'join' action inputs is of type '%s'. The value must be a string.", with.TypeName())}
	}
	var b strings.Builder
	for i, item := range from.Elements() {
		if item, err = e.run.look(item); err != nil {
			return done{}, err
		}
		if i > 0 {
			b.WriteString(with.Text())
		}
		b.WriteString(item.Text())
	}
	if !utf8.ValidString(b.String()) {
		return done{}, errors.New("The result of the 'join' action is not valid text.")
	}
	return done{
		inputs:    expr.Object(expr.Member{Name: "from", Value: from}, expr.Member{Name: "joinWith", Value: with}),
		hasInputs: true, outputs: bodyOf(expr.String(b.String())), hasOutputs: true, code: codeUnnamed,
	}, nil
}
