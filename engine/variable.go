package engine

import (
	"fmt"

	"isle/expr"
	"isle/wdl"
)

// variables holds the run's variables. They are stored as changes: an append
// writes the element, not the array. The changes of one generation share a scope;
// when they outgrow what they describe, the next generation begins with the whole
// values, and the old one is not read again.
type variables struct {
	values     []variable // by place in Program.Variables; empty until the first is set
	changes    []byte     // items of this step
	generation int
	written    int // bytes of this generation that came after its snapshot
	snapshot   int // bytes of the snapshot it began with
	items      int // changes of this generation so far, those of its snapshot included
}

// variable is one of them. An array that is appended to grows in array, a text in
// text; value is made from them when it is read. Appends to a value
// that is a reference wait in pending after a run was loaded, until it is at hand.
type variable struct {
	set     bool
	stale   bool // value must be made from array or text
	value   expr.Value
	array   *expr.ArrayBuilder
	text    []byte
	pending []expr.Value // of an array: elements; of a string: pieces
}

func (v *variable) get() expr.Value {
	if v.stale {
		v.stale = false
		if v.array != nil {
			v.value = v.array.Value()
		} else {
			v.value = expr.String(string(v.text))
		}
	}
	return v.value
}

func (v *variable) assign(value expr.Value) { *v = variable{set: true, value: value} }

// items and weight are those of an array that is at hand.
func (v *variable) items() int {
	if v.array != nil {
		return v.array.Len()
	}
	return v.value.Len()
}

func (v *variable) weight() int64 {
	if v.array != nil {
		return v.array.Weight()
	}
	return v.value.Weight()
}

// textLength is how long a string that is at hand is.
func (v *variable) textLength() int {
	if v.text != nil {
		return len(v.text)
	}
	text, _ := v.value.AsString()
	return len(text)
}

func (v *variable) appendElement(element expr.Value) {
	if v.value.Kind() == expr.KindReference {
		v.pending = append(v.pending, element)
		return
	}
	if v.array == nil {
		v.array = expr.NewArrayBuilder(v.value)
	}
	v.array.Append(element)
	v.stale = true
}

func (v *variable) appendText(s string) {
	if v.value.Kind() == expr.KindReference {
		v.pending = append(v.pending, expr.String(s))
		return
	}
	if v.text == nil {
		old, _ := v.value.AsString()
		v.text = append(make([]byte, 0, 2*len(old)+len(s)+16), old...)
	}
	v.text, v.stale = append(v.text, s...), true
}

func (vs *variables) at(index int, program *wdl.Program) *variable {
	if vs.values == nil {
		vs.values = make([]variable, len(program.Variables))
	}
	return &vs.values[index]
}

func (vs *variables) changed() bool { return len(vs.changes) > 0 }

// perform carries out one of the six actions (wdl-semantics §11.9).
func (vs *variables) perform(r *Run, a *wdl.Action, e *env) (done, error) {
	use := a.Variable
	if a.Type == wdl.TypeInitializeVariable {
		return vs.initialize(r, use, e)
	}
	declared := &r.program.Variables[use.Index]
	v := vs.at(use.Index, r.program)
	if !v.set {
		return done{}, &Error{codeTemplate, "The variable '" + declared.Name + "' must be initialized before it can be used inside action '" + a.Name + "'."}
	}
	value, given := expr.Null(), use.Value != nil
	if given {
		var err error
		if value, err = e.eval(use.Value); err != nil {
			return done{}, err
		}
	}
	var body expr.Value
	var err error
	switch a.Type {
	case wdl.TypeSetVariable:
		body, err = vs.setVariable(r, a, use.Index, value)
	case wdl.TypeIncrementVariable, wdl.TypeDecrementVariable:
		if !given {
			value = expr.Int(1)
		}
		body, err = vs.step(r, a, use.Index, value)
	case wdl.TypeAppendToStringVariable:
		return vs.inputsOnly(use, value), vs.appendString(r, a, use.Index, value)
	case wdl.TypeAppendToArrayVariable:
		return vs.inputsOnly(use, value), vs.appendArray(r, a, use.Index, value)
	}
	d := vs.inputsOnly(use, value)
	d.outputs, d.hasOutputs = bodyOf(nameValue(use.Name, body)), true
	return d, err
}

func nameValue(name string, value expr.Value) expr.Value {
	return expr.Object(expr.Member{Name: "name", Value: expr.String(name)}, expr.Member{Name: "value", Value: value})
}

func (vs *variables) inputsOnly(use *wdl.VariableUse, value expr.Value) done {
	return done{inputs: nameValue(use.Name, value), hasInputs: true, code: codeUnnamed}
}

func (vs *variables) initialize(r *Run, use *wdl.VariableUse, e *env) (done, error) {
	values := make([]expr.Value, len(use.Declared))
	recorded := make([]expr.Value, len(use.Declared))
	for i, d := range use.Declared {
		declared := &r.program.Variables[d.Index]
		v, given := expr.Null(), d.Value != nil
		if given {
			var err error
			if v, err = e.eval(d.Value); err != nil {
				return done{}, err
			}
		}
		members := []expr.Member{
			{Name: "name", Value: expr.String(declared.Name)},
			{Name: "type", Value: expr.String(string(declared.Type))},
		}
		if given {
			members = append(members, expr.Member{Name: "value", Value: v})
		}
		recorded[i] = expr.Object(members...)
		if v.IsNull() {
			v = declared.Type.Initial()
		}
		if !declared.Type.Accepts(v) {
			return done{}, wrongType(declared, v)
		}
		if err := r.holds(declared, v); err != nil {
			return done{}, err
		}
		values[i] = fit(declared.Type, v)
	}
	for i, d := range use.Declared {
		vs.set(r, d.Index, values[i])
	}
	return done{
		inputs:    expr.Object(expr.Member{Name: "variables", Value: expr.Array(recorded...)}),
		hasInputs: true, code: codeUnnamed,
	}, nil
}

// fit turns an integer for a Float variable into a float.
func fit(t wdl.VariableType, v expr.Value) expr.Value {
	if t == wdl.VariableFloat && (v.Kind() == expr.KindInt || v.Kind() == expr.KindBigInt) {
		f, _ := v.AsFloat()
		return expr.Float(f)
	}
	return v
}

// wrongType is the service's error for a value that the variable cannot hold.
func wrongType(declared *wdl.Variable, v expr.Value) *Error {
	fitting := string(declared.Type)
	if declared.Type == wdl.VariableFloat {
		fitting = string(wdl.VariableFloat) + ", " + string(wdl.VariableInteger)
	}
	return &Error{codeTemplate, fmt.Sprintf(
		"The variable '%s' of type '%s' cannot be initialized or updated with value of type '%s'. The variable '%s' only supports values of types '%s'.",
		declared.Name, declared.Type, v.TypeName(), declared.Name, fitting)}
}

// unsuitable is the error of an action that the variable does not take, or not with
// this value.
func unsuitable(action wdl.Type, declared *wdl.Variable, v expr.Value) *Error {
	return &Error{codeTemplate, fmt.Sprintf(
		"The variable '%s' of type '%s' cannot be given a value of type '%s' by an action of type '%s'.",
		declared.Name, declared.Type, v.TypeName(), action)}
}

func (vs *variables) setVariable(r *Run, a *wdl.Action, index int, v expr.Value) (expr.Value, error) {
	declared := &r.program.Variables[index]
	if !declared.Type.Accepts(v) {
		return v, wrongType(declared, v)
	}
	if err := r.holds(declared, v); err != nil {
		return v, err
	}
	v = fit(declared.Type, v)
	vs.set(r, index, v)
	return v, nil
}

// holds reports what a value has too much of for a variable. How many items an array has
// that is not loaded is not known.
func (r *Run) holds(declared *wdl.Variable, v expr.Value) error {
	if ref, is := v.AsReference(); is {
		return r.sized(declared, ref.Size)
	}
	if v.Kind() == expr.KindArray {
		if err := r.counted(declared, v.Len()); err != nil {
			return err
		}
	}
	return r.sized(declared, v.Weight())
}

func (r *Run) sized(declared *wdl.Variable, size int64) error {
	if most := r.program.Limits.VariableSize; size > most {
		return &wdl.LimitError{Code: codeVariableSize, Message: fmt.Sprintf("The value of the variable '%s' would have more than %d bytes.", declared.Name, most)}
	}
	return nil
}

func (r *Run) counted(declared *wdl.Variable, items int) error {
	if most := r.program.Limits.VariableItems; items > most {
		return &wdl.LimitError{Code: codeVariableItems, Message: fmt.Sprintf("The variable '%s' would have %d items. The limit is %d.", declared.Name, items, most)}
	}
	return nil
}

// step increments or decrements.
func (vs *variables) step(r *Run, a *wdl.Action, index int, by expr.Value) (expr.Value, error) {
	declared := &r.program.Variables[index]
	old := vs.values[index].get()
	sign := int64(1)
	if a.Type == wdl.TypeDecrementVariable {
		sign = -1
	}
	switch declared.Type {
	case wdl.VariableInteger:
		n, isInt := by.AsInt()
		m, wasInt := old.AsInt()
		if !isInt || !wasInt {
			return by, unsuitable(a.Type, declared, by)
		}
		sum := m + sign*n
		if sign*n > 0 && sum < m || sign*n < 0 && sum > m || sign < 0 && n == -n && n != 0 {
			return by, &Error{codeTemplate, "The value of the variable '" + declared.Name + "' would be outside the range of a 64-bit integer."}
		}
		v := expr.Int(sum)
		vs.set(r, index, v)
		return v, nil
	case wdl.VariableFloat:
		n, isNumber := by.AsFloat()
		m, _ := old.AsFloat()
		if !isNumber {
			return by, unsuitable(a.Type, declared, by)
		}
		v := expr.Float(m + float64(sign)*n)
		vs.set(r, index, v)
		return v, nil
	}
	return by, unsuitable(a.Type, declared, by)
}

func (vs *variables) appendString(r *Run, a *wdl.Action, index int, value expr.Value) error {
	declared := &r.program.Variables[index]
	v := &vs.values[index]
	if declared.Type != wdl.VariableString {
		return unsuitable(a.Type, declared, value)
	}
	if err := r.atHand(v); err != nil {
		return err
	}
	value, err := r.look(value)
	if err != nil {
		return err
	}
	text := value.Text()
	if err := r.sized(declared, int64(v.textLength()+len(text))); err != nil {
		return err
	}
	v.appendText(text)
	vs.change(changeText, index)
	vs.changes = appendText(vs.changes, text)
	return nil
}

func (vs *variables) appendArray(r *Run, a *wdl.Action, index int, value expr.Value) error {
	declared := &r.program.Variables[index]
	v := &vs.values[index]
	if declared.Type != wdl.VariableArray {
		return unsuitable(a.Type, declared, value)
	}
	if err := r.atHand(v); err != nil {
		return err
	}
	if err := r.counted(declared, v.items()+1); err != nil {
		return err
	}
	if err := r.sized(declared, v.weight()+value.Weight()); err != nil {
		return err
	}
	vs.change(changeElement, index)
	vs.changes, value = r.storeValue(vs.changes, value)
	v.appendElement(value)
	return nil
}

// atHand loads the value of a variable that is to be appended to, or was.
func (r *Run) atHand(v *variable) error {
	if v.stale || v.value.Kind() != expr.KindReference {
		return nil
	}
	value, err := r.look(v.value)
	if err != nil {
		return err
	}
	v.value = value
	pending := v.pending
	v.pending = nil
	for _, p := range pending {
		if value.Kind() == expr.KindArray {
			v.appendElement(p)
		} else {
			v.appendText(p.Text())
		}
	}
	return nil
}

// variable is the value that variables() gives.
func (r *Run) variable(index int) (expr.Value, error) {
	if r.vars.values == nil {
		return expr.Null(), nil
	}
	v := &r.vars.values[index]
	if len(v.pending) > 0 {
		if err := r.atHand(v); err != nil {
			return expr.Null(), err
		}
	}
	return v.get(), nil
}

func (vs *variables) set(r *Run, index int, value expr.Value) {
	vs.change(changeSet, index)
	vs.changes, value = r.storeValue(vs.changes, value)
	vs.at(index, r.program).assign(value)
}

// The items of a row of changes: what, the variable's place, and the value.
const (
	changeSet     = 1
	changeElement = 2
	changeText    = 3
)

// change begins an item.
func (vs *variables) change(what byte, index int) {
	vs.changes = appendChange(vs.changes, what, index)
	vs.items++
}

func appendChange(b []byte, what byte, index int) []byte {
	if len(b) == 0 {
		b = append(b, rowVersion)
	}
	return appendUint(append(b, what), uint64(index))
}

// variableScope is where the changes of a generation are stored.
func variableScope(generation int) string {
	return string(appendIndex([]byte("$variables:"), generation))
}

// flush adds the row of this step's changes, and if they are too many that of a new
// generation. The old one stays whole: a moment may be of it.
func (vs *variables) flush(rows []Row, program *wdl.Program) []Row {
	if len(vs.changes) == 0 {
		return rows
	}
	rows = append(rows, Row{variableScope(vs.generation), vs.changes})
	vs.written += len(vs.changes)
	vs.changes = nil
	if vs.written > 4*vs.snapshot+4*Inline {
		vs.generation++
		row := Row{variableScope(vs.generation), vs.whole(program)}
		vs.written, vs.snapshot = 0, len(row.Payload)
		rows = append(rows, row)
	}
	return rows
}

// whole is a row that sets every variable.
func (vs *variables) whole(program *wdl.Program) []byte {
	b := []byte{rowVersion}
	vs.items = 0
	for i := range vs.values {
		if v := &vs.values[i]; v.set {
			b = appendUint(append(b, changeSet), uint64(i))
			b = appendValue(b, v.get())
			vs.items += 1 + len(v.pending)
			for _, p := range v.pending {
				if text, ok := p.AsString(); ok && program.Variables[i].Type == wdl.VariableString {
					b = appendText(appendUint(append(b, changeText), uint64(i)), text)
				} else {
					b = appendValue(appendUint(append(b, changeElement), uint64(i)), p)
				}
			}
		}
	}
	return b
}

// replay applies a stored row of changes.
func (vs *variables) replay(d *decoder, program *wdl.Program) { vs.replayTo(d, program, -1) }

// replayTo is replay until there have been so many items; -1: all.
func (vs *variables) replayTo(d *decoder, program *wdl.Program, items int) {
	d.changes(len(program.Variables), func(index int, c change) {
		if vs.items != items {
			c.apply(vs.at(index, program))
			vs.items++
		}
	})
}

// change is one stored change of a variable.
type change struct {
	what  byte
	value expr.Value // of changeSet and changeElement
	text  string     // of changeText
}

func (c *change) apply(v *variable) {
	switch c.what {
	case changeSet:
		v.assign(c.value)
	case changeElement:
		v.appendElement(c.value)
	case changeText:
		v.appendText(c.text)
	}
}

// append writes it as one of the variable at index.
func (c *change) append(b []byte, index int) []byte {
	b = appendChange(b, c.what, index)
	if c.what == changeText {
		return appendText(b, c.text)
	}
	return appendValue(b, c.value)
}

// changes reads a row of changes of that many variables.
func (d *decoder) changes(variables int, yield func(index int, c change)) {
	d.version(rowVersion)
	for d.more() {
		c := change{what: d.byte()}
		index := int(d.uint())
		if d.err != nil || index < 0 || index >= variables {
			d.fail("variable")
			return
		}
		switch c.what {
		case changeSet, changeElement:
			c.value = d.value()
		case changeText:
			c.text = d.text()
		default:
			d.fail("change of a variable")
			return
		}
		if d.err != nil {
			return
		}
		yield(index, c)
	}
}

// Variable is a variable of a run with its value.
type Variable struct {
	Name  string
	Value expr.Value
}

// Variables lists the variables that have been initialised, in definition order.
// A large value may be a reference.
func (r *Run) Variables() []Variable {
	var list []Variable
	for i := range r.vars.values {
		if v := &r.vars.values[i]; v.set {
			list = append(list, Variable{r.program.Variables[i].Name, v.get()})
		}
	}
	return list
}
