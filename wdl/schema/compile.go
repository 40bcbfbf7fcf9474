package schema

import (
	"math"
	"net/url"
	"strconv"
	"strings"

	"isle/expr"
)

// types is a set of JSON types, in the order in which messages name them.
type types uint8

const (
	typeString types = 1 << iota
	typeNumber
	typeInteger
	typeBoolean
	typeObject
	typeArray
	typeNull
)

func typeNames() []string {
	return []string{"String", "Number", "Integer", "Boolean", "Object", "Array", "Null"}
}

func (t types) String() string {
	var names []string
	for i, name := range typeNames() {
		if t&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// node is a compiled schema or subschema. Nil pointers and empty lists are keywords
// that are not there.
type node struct {
	id     string // JSON pointer in the document, "#" first
	never  bool   // the schema false
	types  types  // 0: any
	enum   []expr.Value
	value  *expr.Value // const
	format string

	maxLength, minLength         *int
	maximum, minimum             *bound
	multipleOf                   *expr.Value
	maxItems, minItems           *int
	maxProperties, minProperties *int

	items           *node   // of every item
	tuple           []*node // of the items by position
	moreItems       *node   // of those behind the tuple
	noMoreItems     bool
	contains        *node
	uniqueItems     bool
	properties      map[string]*node
	moreProperties  *node // of those without an own schema
	closed          bool  // additionalProperties false
	propertyNames   *node
	required        []string
	dependencies    []dependency
	allOf, anyOf    []*node
	oneOf           []*node
	not             *node
	when, then, els *node // if, then, else
}

// bound is a limit of numbers.
type bound struct {
	limit     expr.Value
	exclusive bool
}

// dependency holds when a property is there.
type dependency struct {
	property string
	keys     []string
	schema   *node
}

// compiler compiles one document. A schema is compiled once for each place where it
// stands, however many references lead there.
type compiler struct {
	document expr.Value
	nodes    map[string]*node
}

// node compiles the schema that stands at a pointer.
func (c *compiler) node(v expr.Value, at string) (*node, error) {
	target, where, err := c.follow(v, at)
	if err != nil {
		return nil, err
	}
	if n := c.nodes[where]; n != nil {
		return n, nil
	}
	n := &node{id: where}
	c.nodes[where] = n
	if yes, ok := target.AsBool(); ok {
		n.never = !yes
		return n, nil
	}
	if target.Kind() != expr.KindObject {
		return nil, &Invalid{where, "a schema must be an object or a boolean, not of type '" + target.TypeName() + "'."}
	}
	for name, keyword := range target.Members() {
		if err := c.keyword(n, name, keyword, target); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// follow resolves $ref, which stands for the schema it points to and hides its
// neighbours.
func (c *compiler) follow(v expr.Value, at string) (expr.Value, string, error) {
	const longest = 100
	from := at
	for range longest {
		ref, ok := member(v, "$ref")
		if !ok {
			return v, at, nil
		}
		pointer, ok := ref.AsString()
		if !ok {
			return v, at, nil // a property that is called $ref
		}
		fragment, local := c.local(pointer)
		if !local {
			return v, at, &Invalid{at, "the reference '" + pointer + "' leads out of the schema."}
		}
		if v, at, ok = c.resolve(fragment); !ok {
			return v, at, &Invalid{from, "the reference '" + pointer + "' leads nowhere."}
		}
	}
	return v, at, &Invalid{from, "its references lead in a circle."}
}

// local returns the fragment of a reference into this document.
func (c *compiler) local(reference string) (fragment string, ok bool) {
	base, fragment, _ := strings.Cut(reference, "#")
	id, _ := identifier(c.document)
	return fragment, base == "" || base == strings.TrimSuffix(id, "#")
}

// resolve finds the value that a fragment points to, and its pointer in one spelling.
func (c *compiler) resolve(fragment string) (expr.Value, string, bool) {
	v, at := c.document, "#"
	if decoded, err := url.PathUnescape(fragment); err == nil {
		fragment = decoded
	}
	if fragment == "" || fragment == "/" {
		return v, at, true
	}
	if fragment[0] != '/' {
		return c.anchor(fragment)
	}
	for token := range strings.SplitSeq(fragment[1:], "/") {
		name := strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		var ok bool
		if v.Kind() == expr.KindArray {
			i, err := strconv.Atoi(name)
			ok = err == nil && i >= 0 && i < v.Len()
			v = v.Index(i)
		} else {
			v, ok = member(v, name)
		}
		if !ok {
			return v, at, false
		}
		at = child(at, name)
	}
	return v, at, true
}

// anchor finds a definition whose id is "#" and the name.
func (c *compiler) anchor(name string) (expr.Value, string, bool) {
	for _, section := range []string{"definitions", "$defs"} {
		definitions, _ := member(c.document, section)
		for key, v := range definitions.Members() {
			if id, ok := identifier(v); ok && id == "#"+name {
				return v, child(child("#", section), key), true
			}
		}
	}
	return expr.Value{}, "", false
}

// child extends a pointer.
func child(at, name string) string {
	return at + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// keyword compiles one member of a schema; unknown ones are annotations.
func (c *compiler) keyword(n *node, name string, v expr.Value, schema expr.Value) error {
	at := child(n.id, name)
	var err error
	switch name {
	case "pattern", "patternProperties":
		return &Unsupported{name, n.id}
	case "type":
		n.types, err = readTypes(v, at)
	case "enum":
		if v.Kind() != expr.KindArray {
			return wrong(at, v, "an array")
		}
		for _, e := range v.Elements() {
			n.enum = append(n.enum, e)
		}
	case "const":
		n.value = &v
	case "format":
		n.format, err = text(v, at)
	case "maximum", "exclusiveMaximum":
		n.maximum, err = readBound(schema, "maximum", "exclusiveMaximum", n.id)
	case "minimum", "exclusiveMinimum":
		n.minimum, err = readBound(schema, "minimum", "exclusiveMinimum", n.id)
	case "multipleOf":
		if f, ok := v.AsFloat(); !ok || f <= 0 {
			return wrong(at, v, "a number above zero")
		}
		n.multipleOf = &v
	case "maxLength":
		n.maxLength, err = count(v, at)
	case "minLength":
		n.minLength, err = count(v, at)
	case "maxItems":
		n.maxItems, err = count(v, at)
	case "minItems":
		n.minItems, err = count(v, at)
	case "maxProperties":
		n.maxProperties, err = count(v, at)
	case "minProperties":
		n.minProperties, err = count(v, at)
	case "uniqueItems":
		n.uniqueItems, _ = v.AsBool()
	case "required":
		err = c.required(n, v, at)
	case "items", "additionalItems", "contains":
		err = c.itemKeyword(n, name, v, at)
	case "properties", "additionalProperties", "propertyNames", "dependencies":
		err = c.propertyKeyword(n, name, v, at)
	default:
		err = c.combination(n, name, v, at)
	}
	return err
}

func (c *compiler) itemKeyword(n *node, name string, v expr.Value, at string) (err error) {
	switch {
	case name == "contains":
		n.contains, err = c.node(v, at)
	case name == "items" && v.Kind() == expr.KindArray:
		n.tuple, err = c.list(v, at)
	case name == "items":
		n.items, err = c.node(v, at)
	default:
		if allowed, ok := v.AsBool(); ok {
			n.noMoreItems = !allowed
			return nil
		}
		n.moreItems, err = c.node(v, at)
	}
	return err
}

func (c *compiler) propertyKeyword(n *node, name string, v expr.Value, at string) (err error) {
	switch name {
	case "propertyNames":
		n.propertyNames, err = c.node(v, at)
		return err
	case "additionalProperties":
		if allowed, ok := v.AsBool(); ok {
			n.closed = !allowed
			return nil
		}
		n.moreProperties, err = c.node(v, at)
		return err
	}
	if v.Kind() != expr.KindObject {
		return wrong(at, v, "an object")
	}
	if name == "properties" {
		n.properties = make(map[string]*node, v.Len())
	}
	for key, value := range v.Members() {
		place := child(at, key)
		if name == "dependencies" && value.Kind() == expr.KindArray {
			keys, err := texts(value, place)
			if err != nil {
				return err
			}
			n.dependencies = append(n.dependencies, dependency{property: key, keys: keys})
			continue
		}
		sub, err := c.node(value, place)
		if err != nil {
			return err
		}
		if name == "dependencies" {
			n.dependencies = append(n.dependencies, dependency{property: key, schema: sub})
			continue
		}
		n.properties[key] = sub
		// Draft 3 and many generators mark the property itself.
		if own, ok := member(value, "required"); ok {
			if yes, _ := own.AsBool(); yes {
				n.required = append(n.required, key)
			}
		}
	}
	return nil
}

func (c *compiler) combination(n *node, name string, v expr.Value, at string) (err error) {
	switch name {
	case "allOf":
		n.allOf, err = c.list(v, at)
	case "anyOf":
		n.anyOf, err = c.list(v, at)
	case "oneOf":
		n.oneOf, err = c.list(v, at)
	case "not":
		n.not, err = c.node(v, at)
	case "if":
		n.when, err = c.node(v, at)
	case "then":
		n.then, err = c.node(v, at)
	case "else":
		n.els, err = c.node(v, at)
	}
	return err
}

func (c *compiler) list(v expr.Value, at string) ([]*node, error) {
	if v.Kind() != expr.KindArray {
		return nil, wrong(at, v, "an array of schemas")
	}
	nodes := make([]*node, 0, v.Len())
	for i, e := range v.Elements() {
		n, err := c.node(e, child(at, strconv.Itoa(i)))
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func (c *compiler) required(n *node, v expr.Value, at string) error {
	if v.Kind() == expr.KindBool {
		return nil // see propertyKeyword
	}
	names, err := texts(v, at)
	n.required = append(n.required, names...)
	return err
}

func wrong(at string, v expr.Value, wanted string) error {
	return &Invalid{at, "the value must be " + wanted + ", not of type '" + v.TypeName() + "'."}
}

func text(v expr.Value, at string) (string, error) {
	if s, ok := v.AsString(); ok {
		return s, nil
	}
	return "", wrong(at, v, "a string")
}

func texts(v expr.Value, at string) ([]string, error) {
	if v.Kind() != expr.KindArray {
		return nil, wrong(at, v, "an array of strings")
	}
	list := make([]string, 0, v.Len())
	for i, e := range v.Elements() {
		s, err := text(e, child(at, strconv.Itoa(i)))
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func count(v expr.Value, at string) (*int, error) {
	f, ok := v.AsFloat()
	if !ok || f < 0 || f > math.MaxInt32 || f != math.Trunc(f) {
		return nil, wrong(at, v, "an integer from 0")
	}
	n := int(f)
	return &n, nil
}

// readBound reads a limit of draft 4, with a flag, or of draft 6, where the exclusive
// limit is a number of its own; of both the narrower counts.
func readBound(schema expr.Value, limit, exclusive, id string) (*bound, error) {
	own, hasOwn := member(schema, limit)
	other, hasOther := member(schema, exclusive)
	flag, isFlag := other.AsBool()
	x, ownNumber := own.AsFloat()
	y, otherNumber := other.AsFloat()
	switch {
	case hasOwn && !ownNumber:
		return nil, wrong(child(id, limit), own, "a number")
	case hasOther && !isFlag && !otherNumber:
		return nil, wrong(child(id, exclusive), other, "a number or a boolean")
	case hasOwn && (!hasOther || isFlag):
		return &bound{own, flag}, nil
	case isFlag:
		return nil, nil
	case hasOwn && (limit == "maximum" && x < y || limit == "minimum" && x > y):
		return &bound{own, false}, nil
	}
	return &bound{other, true}, nil
}

func readTypes(v expr.Value, at string) (types, error) {
	var set types
	list := []expr.Value{v}
	if v.Kind() == expr.KindArray {
		list = list[:0]
		for _, e := range v.Elements() {
			list = append(list, e)
		}
	}
	for _, e := range list {
		name, err := text(e, at)
		if err != nil {
			return 0, err
		}
		if name == "any" { // draft 3
			return 0, nil
		}
		found := types(0)
		for i, known := range typeNames() {
			if strings.EqualFold(name, known) {
				found = 1 << i
			}
		}
		if found == 0 {
			return 0, &Invalid{at, "there is no type '" + name + "'."}
		}
		set |= found
	}
	return set, nil
}

// checkCycles refuses schemas that apply themselves to one and the same value.
func (c *compiler) checkCycles() error {
	const open, done = 1, 2
	state := make(map[*node]int, len(c.nodes))
	var visit func(n *node) error
	visit = func(n *node) error {
		switch state[n] {
		case open:
			return &Invalid{n.id, "the schema contains itself."}
		case done:
			return nil
		}
		state[n] = open
		for _, next := range n.inPlace() {
			if err := visit(next); err != nil {
				return err
			}
		}
		state[n] = done
		return nil
	}
	for _, n := range c.nodes {
		if err := visit(n); err != nil {
			return err
		}
	}
	return nil
}

// inPlace lists the schemas that n applies to its own value.
func (n *node) inPlace() []*node {
	list := append(append(append([]*node(nil), n.allOf...), n.anyOf...), n.oneOf...)
	for _, next := range []*node{n.not, n.when, n.then, n.els} {
		if next != nil {
			list = append(list, next)
		}
	}
	for _, d := range n.dependencies {
		if d.schema != nil {
			list = append(list, d.schema)
		}
	}
	return list
}
