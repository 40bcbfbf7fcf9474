package expr

import (
	"iter"
	"math"
	"math/big"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/apd/v3"
)

const (
	// MaxDepth is how deep arrays and objects may nest, in JSON text and in results.
	MaxDepth = 128
	// MaxSize is the longest text a function may return and the largest value a
	// template may evaluate to, in bytes (wdl-semantics §4.2).
	MaxSize = 104_857_600
)

// Kind says what a Value is.
type Kind uint8

// The kinds. Null is the zero kind.
const (
	KindNull Kind = iota
	KindBool
	KindInt     // 64-bit signed
	KindBigInt  // an integer of JSON text beyond 64 bits, kept exactly
	KindFloat   // IEEE double
	KindDecimal // .NET decimal, made by decimal() only
	KindString
	KindArray
	KindObject
	KindReference // kept in content storage; see ContentReference
)

// Value is a JSON value, immutable and cheap to copy. The zero Value is null. A part
// that is taken out of a value that was read shares its text, and so keeps the whole
// text in memory for as long as the part is held.
type Value struct {
	kind Kind
	num  uint64 // bool: 0 or 1; int: two's complement; float: IEEE bits
	str  string // string
	node *node  // everything else that is not null
}

// node holds what does not fit into a Value. A node made from JSON text starts
// with text alone; level decodes it, once, when someone looks inside.
type node struct {
	text    string // compact JSON of an array or object that was read; "" when built
	elems   []Value
	members []Member
	names   atomic.Pointer[nameIndex] // of many members, once one is looked for

	weight     int64 // lower bound of the JSON size, saturating; of text its length
	depth      int32 // 1 for a container of scalars
	whole      bool  // of text: elems and members are there, all levels of them
	referenced bool  // a KindReference is inside
	beyondJSON bool  // something is inside that JSON text would change, see SurvivesJSON

	*rare // nil for what is built or whole
}

// rare is what a node holds that is no container in memory.
type rare struct {
	outline *outline  // of the text that the node's text is a part of; nil when it is short
	span    uint32    // of this container, in outline
	once    sync.Once // guards the filling of elems and members from text

	big *big.Int
	dec *apd.Decimal
	ref *ContentReference
}

// Member is a named value of an object.
type Member struct {
	Name  string
	Value Value
}

// ContentReference names a value that is kept in content storage. Kind says what
// the content is when loaded: [KindString] or a container.
type ContentReference struct {
	ID          string
	Size        int64
	Kind        Kind
	ContentType string
}

// Null returns the null value.
func Null() Value { return Value{} }

// Bool returns a boolean.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBool, num: 1}
	}
	return Value{kind: KindBool}
}

// Int returns an integer.
func Int(i int64) Value { return Value{kind: KindInt, num: uint64(i)} }

// Float returns a floating point number, NaN and the infinities included.
func Float(f float64) Value { return Value{kind: KindFloat, num: math.Float64bits(f)} }

// String returns a string; s must be valid UTF-8.
func String(s string) Value { return Value{kind: KindString, str: s} }

// BigInt returns an integer of any size; one that fits 64 bits becomes KindInt.
// The caller must not change i afterwards.
func BigInt(i *big.Int) Value {
	if i.IsInt64() {
		return Int(i.Int64())
	}
	return Value{kind: KindBigInt, node: &node{rare: &rare{big: i}, weight: int64(i.BitLen()) / 4}}
}

// Decimal returns a decimal number. The caller must not change d afterwards.
func Decimal(d *apd.Decimal) Value {
	return Value{kind: KindDecimal, node: &node{rare: &rare{dec: d}}}
}

// Array returns an array of copies of elems.
func Array(elems ...Value) Value {
	return arrayOf(append(make([]Value, 0, len(elems)), elems...))
}

// arrayOf is Array without the copy: it takes elems over.
func arrayOf(elems []Value) Value {
	n := &node{elems: elems, depth: 1, weight: brackets(len(elems))}
	for i := range elems {
		n.include(&elems[i])
	}
	return Value{kind: KindArray, node: n}
}

// Object returns an object. Of members with one name the last wins and stands at
// its own place (wdl-semantics §5).
func Object(members ...Member) Value {
	return objectOf(dropDuplicates(append(make([]Member, 0, len(members)), members...)))
}

// objectOf is Object without copy and check: it takes members over, whose names
// must be distinct.
func objectOf(members []Member) Value {
	n := &node{members: members, depth: 1, weight: brackets(len(members))}
	for i := range members {
		n.weight = addWeight(n.weight, int64(len(members[i].Name))+3)
		n.include(&members[i].Value)
	}
	return Value{kind: KindObject, node: n}
}

// Reference returns a value that is kept in content storage.
func Reference(r ContentReference) Value {
	return Value{kind: KindReference, node: &node{rare: &rare{ref: &r}, referenced: true, weight: 64}}
}

// brackets is the size of a container's brackets and commas in JSON.
func brackets(children int) int64 { return 1 + int64(max(children, 1)) }

// include accounts for a child in the bounds of its container.
func (n *node) include(child *Value) {
	n.beyondJSON = n.beyondJSON || !child.SurvivesJSON()
	switch {
	case child.kind == KindString:
		n.weight = addWeight(n.weight, int64(len(child.str))+2)
	case child.node != nil:
		n.weight = addWeight(n.weight, child.node.weight)
		n.depth = max(n.depth, min(child.node.depth, math.MaxInt32-1)+1)
		n.referenced = n.referenced || child.node.referenced
	default:
		n.weight = addWeight(n.weight, 1)
	}
}

func addWeight(a, b int64) int64 {
	if sum := a + b; sum >= a {
		return sum
	}
	return math.MaxInt64
}

// Kind returns the kind of v.
func (v Value) Kind() Kind { return v.kind }

// IsNull reports whether v is null.
func (v Value) IsNull() bool { return v.kind == KindNull }

// AsBool returns a boolean.
func (v Value) AsBool() (b, ok bool) { return v.num != 0, v.kind == KindBool }

// AsInt returns an integer of 64 bits.
func (v Value) AsInt() (int64, bool) { return int64(v.num), v.kind == KindInt }

// AsFloat returns any number, rounded to a double where it must be.
func (v Value) AsFloat() (float64, bool) {
	switch v.kind {
	case KindInt:
		return float64(int64(v.num)), true
	case KindFloat:
		return math.Float64frombits(v.num), true
	case KindBigInt:
		f, _ := new(big.Float).SetInt(v.node.big).Float64()
		return f, true
	case KindDecimal:
		return decimalFloat(v.node.dec), true
	}
	return 0, false
}

// AsString returns a string.
func (v Value) AsString() (string, bool) { return v.str, v.kind == KindString }

// AsReference returns where a value of KindReference is kept.
func (v Value) AsReference() (ContentReference, bool) {
	if v.kind != KindReference {
		return ContentReference{}, false
	}
	return *v.node.ref, true
}

// HasReference reports whether v is, or holds somewhere inside, a reference.
func (v Value) HasReference() bool { return v.node != nil && v.node.referenced }

// SurvivesJSON reports whether v, written as JSON text and read again, is the same
// value. A decimal would become a float, NaN and the infinities strings, and a
// content reference an ordinary object.
func (v Value) SurvivesJSON() bool {
	switch v.kind {
	case KindFloat:
		return finite(math.Float64frombits(v.num))
	case KindDecimal, KindReference:
		return false
	case KindArray, KindObject:
		return !v.node.beyondJSON
	}
	return true
}

// Len returns the number of elements or members; 0 for other kinds.
func (v Value) Len() int {
	if v.kind != KindArray && v.kind != KindObject {
		return 0
	}
	if r := v.node.rare; r != nil && r.outline != nil {
		return int(r.outline.spans[r.span].count)
	}
	n := v.node.level(v.kind)
	return len(n.elems) + len(n.members)
}

// Index returns the element at i; null when there is none.
func (v Value) Index(i int) Value {
	if v.kind != KindArray {
		return Value{}
	}
	elems := v.node.level(KindArray).elems
	if i < 0 || i >= len(elems) {
		return Value{}
	}
	return elems[i]
}

// Get returns the member of that exact name, else the first whose name equals it
// ignoring case (wdl-semantics §4.4).
func (v Value) Get(name string) (Value, bool) {
	if v.kind != KindObject {
		return Value{}, false
	}
	if i := v.node.level(KindObject).find(name); i >= 0 {
		return v.node.members[i].Value, true
	}
	return Value{}, false
}

// exact returns the member of that exact name alone.
func (v Value) exact(name string) (Value, bool) {
	if i := v.node.level(KindObject).findExact(name); i >= 0 {
		return v.node.members[i].Value, true
	}
	return Value{}, false
}

// Elements iterates over the elements of an array in order.
func (v Value) Elements() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if v.kind != KindArray {
			return
		}
		for i, e := range v.node.level(KindArray).elems {
			if !yield(i, e) {
				return
			}
		}
	}
}

// Members iterates over the members of an object in order.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.kind != KindObject {
			return
		}
		for _, m := range v.node.level(KindObject).members {
			if !yield(m.Name, m.Value) {
				return
			}
		}
	}
}

// With returns a copy of an object with the member set: at its place if the exact
// name exists, else at the end. On a value that is no object it starts a new one.
func (v Value) With(name string, member Value) Value {
	members := v.copyMembers(1)
	if v.kind == KindObject {
		if i := v.node.findExact(name); i >= 0 {
			members[i].Value = member
			return objectOf(members)
		}
	}
	return objectOf(append(members, Member{name, member}))
}

// Without returns a copy of an object without the member of that exact name.
func (v Value) Without(name string) Value {
	if v.kind != KindObject {
		return v
	}
	i := v.node.level(KindObject).findExact(name)
	if i < 0 {
		return v
	}
	members := v.copyMembers(0)
	return objectOf(append(members[:i], members[i+1:]...))
}

// copyMembers returns the members in a fresh slice with room for extra more.
func (v Value) copyMembers(extra int) []Member {
	if v.kind != KindObject {
		return make([]Member, 0, extra)
	}
	members := v.node.level(KindObject).members
	return append(make([]Member, 0, len(members)+extra), members...)
}

// elements returns the elements of an array for reading only.
func (v Value) elements() []Value {
	if v.kind != KindArray {
		return nil
	}
	return v.node.level(KindArray).elems
}

// members returns the members of an object for reading only.
func (v Value) members() []Member {
	if v.kind != KindObject {
		return nil
	}
	return v.node.level(KindObject).members
}

// depth is how deep v nests; 0 for scalars.
func (v Value) depth() int {
	if v.node == nil {
		return 0
	}
	return int(v.node.depth)
}

// Weight is a lower bound of the length of the JSON of v that is known without looking
// inside: of a text its length.
func (v Value) Weight() int64 { return v.weight() }

// weight is a lower bound of the size of v.
func (v Value) weight() int64 {
	switch {
	case v.node != nil:
		return v.node.weight
	case v.kind == KindString:
		return int64(len(v.str))
	}
	return 1
}

// TypeName returns the word that error texts use for the kind of v
// (wdl-semantics §4.3).
func (v Value) TypeName() string {
	switch v.kind {
	case KindBool:
		return "Boolean"
	case KindInt, KindBigInt:
		return "Integer"
	case KindFloat, KindDecimal:
		return "Float"
	case KindString:
		return "String"
	case KindArray:
		return "Array"
	case KindObject:
		return "Object"
	case KindReference:
		return Value{kind: v.node.ref.Kind, node: v.node}.TypeName()
	}
	return "Null"
}

// isNumber reports whether v is of one of the four numeric kinds.
func (v Value) isNumber() bool {
	return v.kind >= KindInt && v.kind <= KindDecimal
}
