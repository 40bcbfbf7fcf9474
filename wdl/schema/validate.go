package schema

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"isle/expr"
)

// maxSteps bounds how many times schemas are applied in one validation.
const maxSteps = 5_000_000

// Validate returns what is wrong with v, in the order in which a reader of its text
// would meet it; nil if nothing is.
func (s *Schema) Validate(v expr.Value) []Violation {
	steps := 0
	w := validator{steps: &steps}
	w.apply(s.root, v)
	return w.found
}

// validator applies schemas to a value and what is inside, and collects violations.
type validator struct {
	path  []pathStep
	found []Violation
	steps *int
}

// pathStep is a property, or an index if there is no name.
type pathStep struct {
	name    string
	index   int
	isIndex bool
}

// raise adds a violation at the current path.
func (w *validator) raise(n *node, errorType string, value expr.Value, children []Violation, format string, args ...any) {
	w.found = append(w.found, Violation{
		Message: fmt.Sprintf(format, args...), Path: pathText(w.path), SchemaID: n.id, ErrorType: errorType, Value: value, ChildErrors: children,
	})
}

// pathText writes a path as Newtonsoft does: a.b[0]['c d'].
func pathText(path []pathStep) string {
	var b strings.Builder
	for i, step := range path {
		switch {
		case step.isIndex:
			b.WriteByte('[')
			b.WriteString(strconv.Itoa(step.index))
			b.WriteByte(']')
		case strings.ContainsAny(step.name, ". '/\"[]()\t\n\r\f\b\\\u0085\u2028\u2029"):
			b.WriteString("['")
			b.WriteString(strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\f", `\f`, "\b", `\b`).Replace(step.name))
			b.WriteString("']")
		default:
			if i > 0 {
				b.WriteByte('.')
			}
			b.WriteString(step.name)
		}
	}
	return b.String()
}

// try applies a schema aside and returns what it found.
func (w *validator) try(n *node, v expr.Value) []Violation {
	aside := validator{path: w.path, steps: w.steps}
	aside.apply(n, v)
	return aside.found
}

// apply applies a schema to a value at the current path.
func (w *validator) apply(n *node, v expr.Value) {
	if *w.steps++; *w.steps >= maxSteps {
		if *w.steps == maxSteps {
			w.raise(n, "none", expr.Value{}, nil, "The schema is too complex to be evaluated for this value.")
		}
		return
	}
	if n.never {
		w.raise(n, "valid", scalar(v), nil, "Schema always fails validation.")
	}
	switch v.Kind() {
	case expr.KindObject:
		w.typed(n, v, typeObject)
		w.object(n, v)
	case expr.KindArray:
		w.typed(n, v, typeArray)
		w.array(n, v)
	default:
		if !w.primitive(n, v) {
			return
		}
		w.enumerated(n, v)
		w.combined(n, v)
	}
}

// scalar is the value that a violation shows: containers are not shown.
func scalar(v expr.Value) expr.Value {
	if v.Kind() == expr.KindObject || v.Kind() == expr.KindArray {
		return expr.Value{}
	}
	return v
}

func typeOf(v expr.Value) types {
	switch v.Kind() {
	case expr.KindString:
		return typeString
	case expr.KindInt, expr.KindBigInt:
		return typeInteger
	case expr.KindFloat, expr.KindDecimal:
		return typeNumber
	case expr.KindBool:
		return typeBoolean
	case expr.KindArray:
		return typeArray
	case expr.KindObject:
		return typeObject
	}
	return typeNull
}

// typed checks the type. An integer is a number, and a float without a fraction an
// integer.
func (w *validator) typed(n *node, v expr.Value, actual types) bool {
	allowed := n.types
	if allowed == 0 || allowed&actual != 0 || actual == typeInteger && allowed&typeNumber != 0 {
		return true
	}
	if f, ok := v.AsFloat(); ok && actual == typeNumber && allowed&typeInteger != 0 && f == math.Trunc(f) {
		return true
	}
	w.raise(n, "type", scalar(v), nil, "Invalid type. Expected %s but got %s.", allowed, actual)
	return false
}

// primitive checks strings and numbers; false if the type was wrong already.
func (w *validator) primitive(n *node, v expr.Value) bool {
	actual := typeOf(v)
	if !w.typed(n, v, actual) {
		return false
	}
	switch actual {
	case typeString:
		w.text(n, v)
	case typeInteger:
		w.number(n, v, "Integer")
	case typeNumber:
		w.number(n, v, "Float")
	}
	return true
}

func (w *validator) text(n *node, v expr.Value) {
	s, _ := v.AsString()
	if n.maxLength != nil || n.minLength != nil {
		length := textLength(s)
		if n.maxLength != nil && length > *n.maxLength {
			w.raise(n, "maximumLength", v, nil, "String '%s' exceeds maximum length of %d.", s, *n.maxLength)
		}
		if n.minLength != nil && length < *n.minLength {
			w.raise(n, "minimumLength", v, nil, "String '%s' is less than minimum length of %d.", s, *n.minLength)
		}
	}
	if n.format != "" && !matchesFormat(n.format, s) {
		w.raise(n, "format", v, nil, "String '%s' does not validate against format '%s'.", s, n.format)
	}
}

// textLength counts characters as readers see them: combining marks do not count.
func textLength(s string) int {
	length := 0
	for _, r := range s {
		if length == 0 || !unicode.Is(unicode.M, r) {
			length++
		}
	}
	return length
}

func (w *validator) number(n *node, v expr.Value, kind string) {
	shown := string(v.JSON())
	if n.maximum != nil {
		switch c := compare(v, n.maximum.limit); {
		case c > 0:
			w.raise(n, "maximum", v, nil, "%s %s exceeds maximum value of %s.", kind, shown, n.maximum.limit.Text())
		case c == 0 && n.maximum.exclusive:
			w.raise(n, "maximum", v, nil, "%s %s equals maximum value of %s and exclusive maximum is true.", kind, shown, n.maximum.limit.Text())
		}
	}
	if n.minimum != nil {
		switch c := compare(v, n.minimum.limit); {
		case c < 0:
			w.raise(n, "minimum", v, nil, "%s %s is less than minimum value of %s.", kind, shown, n.minimum.limit.Text())
		case c == 0 && n.minimum.exclusive:
			w.raise(n, "minimum", v, nil, "%s %s equals minimum value of %s and exclusive minimum is true.", kind, shown, n.minimum.limit.Text())
		}
	}
	if n.multipleOf != nil && !isMultiple(v, *n.multipleOf) {
		w.raise(n, "multipleOf", v, nil, "%s %s is not a multiple of %s.", kind, shown, n.multipleOf.Text())
	}
}

// exact returns a number as written; false for NaN and the infinities, and for
// exponents so large that the digits would fill the memory.
func exact(v expr.Value) (*big.Rat, bool) {
	if i, ok := v.AsInt(); ok {
		return new(big.Rat).SetInt64(i), true
	}
	if f, ok := v.AsFloat(); !ok || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, false
	}
	return new(big.Rat).SetString(string(v.JSON()))
}

func compare(a, b expr.Value) int {
	x, xOK := exact(a)
	y, yOK := exact(b)
	if xOK && yOK {
		return x.Cmp(y)
	}
	f, _ := a.AsFloat()
	g, _ := b.AsFloat()
	switch {
	case f < g:
		return -1
	case f > g:
		return 1
	}
	return 0
}

func isMultiple(v, of expr.Value) bool {
	x, xOK := exact(v)
	y, yOK := exact(of)
	return xOK && yOK && y.Sign() != 0 && x.Quo(x, y).IsInt()
}

func (w *validator) enumerated(n *node, v expr.Value) {
	if n.enum != nil && !slices.ContainsFunc(n.enum, func(e expr.Value) bool { return expr.Equal(e, v) }) {
		w.raise(n, "enum", scalar(v), nil, "Value %s is not defined in enum.", v.JSON())
	}
	if n.value != nil && !expr.Equal(*n.value, v) {
		w.raise(n, "const", scalar(v), nil, "Value %s does not match const.", v.JSON())
	}
}

// enter applies a schema one step further down.
func (w *validator) enter(step pathStep, n *node, v expr.Value) {
	w.path = append(w.path, step)
	w.apply(n, v)
	w.path = w.path[:len(w.path)-1]
}

func (w *validator) array(n *node, v expr.Value) {
	for i, item := range v.Elements() {
		step := pathStep{index: i, isIndex: true}
		switch {
		case n.items != nil:
			w.enter(step, n.items, item)
		case i < len(n.tuple):
			w.enter(step, n.tuple[i], item)
		case n.tuple != nil && n.noMoreItems:
			w.path = append(w.path, step)
			w.raise(n, "additionalItems", scalar(item), nil, "Index %d has not been defined and the schema does not allow additional items.", i+1)
			w.path = w.path[:len(w.path)-1]
		case n.tuple != nil && n.moreItems != nil:
			w.enter(step, n.moreItems, item)
		}
	}
	if n.uniqueItems {
		w.unique(n, v)
	}
	w.enumerated(n, v)
	w.combined(n, v)
	size := v.Len()
	if n.maxItems != nil && size > *n.maxItems {
		w.raise(n, "maximumItems", expr.Int(int64(size)), nil, "Array item count %d exceeds maximum count of %d.", size, *n.maxItems)
	}
	if n.minItems != nil && size < *n.minItems {
		w.raise(n, "minimumItems", expr.Int(int64(size)), nil, "Array item count %d is less than minimum count of %d.", size, *n.minItems)
	}
	if n.contains != nil {
		w.containing(n, v)
	}
}

func (w *validator) containing(n *node, v expr.Value) {
	var errors []Violation
	for i, item := range v.Elements() {
		w.path = append(w.path, pathStep{index: i, isIndex: true})
		found := w.try(n.contains, item)
		w.path = w.path[:len(w.path)-1]
		if len(found) == 0 {
			return
		}
		errors = append(errors, found...)
	}
	w.raise(n, "contains", expr.Value{}, errors, "No items match contains.")
}

// unique compares each item with those before it that look alike.
func (w *validator) unique(n *node, v expr.Value) {
	seen := map[uint64][]expr.Value{}
	for i, item := range v.Elements() {
		key := likeness(item)
		if slices.ContainsFunc(seen[key], func(e expr.Value) bool { return expr.Equal(e, item) }) {
			w.path = append(w.path, pathStep{index: i, isIndex: true})
			w.raise(n, "uniqueItems", scalar(item), nil, "Non-unique array item at index %d.", i)
			w.path = w.path[:len(w.path)-1]
			continue
		}
		seen[key] = append(seen[key], item)
	}
}

func (w *validator) object(n *node, v expr.Value) {
	for name, value := range v.Members() {
		step := pathStep{name: name}
		if n.propertyNames != nil {
			w.enter(step, n.propertyNames, expr.String(name))
		}
		switch property := n.properties[name]; {
		case property != nil:
			w.enter(step, property, value)
		case n.closed:
			w.path = append(w.path, step)
			w.raise(n, "additionalProperties", expr.String(name), nil, "Property '%s' has not been defined and the schema does not allow additional properties.", name)
			w.path = w.path[:len(w.path)-1]
		case n.moreProperties != nil:
			w.enter(step, n.moreProperties, value)
		}
	}
	w.enumerated(n, v)
	w.combined(n, v)
	if missing := absent(v, n.required); missing != nil {
		names := make([]expr.Value, len(missing))
		for i, name := range missing {
			names[i] = expr.String(name)
		}
		w.raise(n, "required", expr.Array(names...), nil, "Required properties are missing from object: %s.", strings.Join(missing, ", "))
	}
	size := v.Len()
	if n.maxProperties != nil && size > *n.maxProperties {
		w.raise(n, "maximumProperties", expr.Int(int64(size)), nil, "Object property count %d exceeds maximum count of %d.", size, *n.maxProperties)
	}
	if n.minProperties != nil && size < *n.minProperties {
		w.raise(n, "minimumProperties", expr.Int(int64(size)), nil, "Object property count %d is less than minimum count of %d.", size, *n.minProperties)
	}
	for _, d := range n.dependencies {
		if d.schema != nil || !has(v, d.property) {
			continue
		}
		if missing := absent(v, d.keys); missing != nil {
			w.raise(n, "dependencies", expr.String(d.property), nil, "Dependencies for property '%s' failed. Missing required keys: %s.", d.property, strings.Join(missing, ", "))
		}
	}
}

func has(v expr.Value, name string) bool {
	_, ok := member(v, name)
	return ok
}

// absent returns which of the names are no properties of v.
func absent(v expr.Value, names []string) []string {
	if len(names) == 0 {
		return nil
	}
	missing := slices.Clone(names)
	for name := range v.Members() {
		if i := slices.Index(missing, name); i >= 0 {
			missing = slices.Delete(missing, i, i+1)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return missing
}

// combined applies the schemas of allOf and its like.
func (w *validator) combined(n *node, v expr.Value) {
	if n.allOf != nil {
		if errors, _, invalid := w.each(n.allOf, v); len(invalid) > 0 {
			w.raise(n, "allOf", expr.Value{}, errors, "JSON does not match all schemas from 'allOf'. Invalid schema indexes: %s.", strings.Join(invalid, ", "))
		}
	}
	if n.anyOf != nil {
		if errors, valid, _ := w.each(n.anyOf, v); len(valid) == 0 {
			w.raise(n, "anyOf", expr.Value{}, errors, "JSON does not match any schemas from 'anyOf'.")
		}
	}
	if n.oneOf != nil {
		switch errors, valid, _ := w.each(n.oneOf, v); {
		case len(valid) == 0:
			w.raise(n, "oneOf", expr.Value{}, errors, "JSON is valid against no schemas from 'oneOf'.")
		case len(valid) > 1:
			w.raise(n, "oneOf", expr.Value{}, errors, "JSON is valid against more than one schema from 'oneOf'. Valid schema indexes: %s.", strings.Join(valid, ", "))
		}
	}
	if n.not != nil && len(w.try(n.not, v)) == 0 {
		w.raise(n, "not", expr.Value{}, nil, "JSON is valid against schema from 'not'.")
	}
	if n.when != nil && (n.then != nil || n.els != nil) {
		w.conditional(n, v)
	}
	for _, d := range n.dependencies {
		if d.schema != nil && v.Kind() == expr.KindObject && has(v, d.property) {
			if errors := w.try(d.schema, v); len(errors) > 0 {
				w.raise(n, "dependencies", expr.Value{}, errors, "Dependencies for property '%s' failed.", d.property)
			}
		}
	}
}

func (w *validator) conditional(n *node, v expr.Value) {
	branch, name := n.then, "then"
	if len(w.try(n.when, v)) > 0 {
		branch, name = n.els, "else"
	}
	if branch == nil {
		return
	}
	if errors := w.try(branch, v); len(errors) > 0 {
		w.raise(branch, name, expr.Value{}, errors, "JSON does not match schema from '%s'.", name)
	}
}

// each applies several schemas to one value: all that they found, and the indexes of
// those that hold and those that do not.
func (w *validator) each(nodes []*node, v expr.Value) (errors []Violation, valid, invalid []string) {
	for i, n := range nodes {
		found := w.try(n, v)
		if len(found) == 0 {
			valid = append(valid, strconv.Itoa(i))
			continue
		}
		invalid = append(invalid, strconv.Itoa(i))
		errors = append(errors, found...)
	}
	return errors, valid, invalid
}
