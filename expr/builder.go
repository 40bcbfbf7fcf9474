package expr

// ArrayBuilder grows an array at its end. Value can be asked for at any time and
// copies nothing: what it gives shares the elements, which never change once they
// are appended. The zero ArrayBuilder is empty; it must not be copied.
type ArrayBuilder struct {
	elems []Value
	sum   node // the bounds of the elements
}

// NewArrayBuilder returns a builder that holds the elements of an array.
func NewArrayBuilder(array Value) *ArrayBuilder {
	b := &ArrayBuilder{elems: make([]Value, 0, 2*array.Len()+8)}
	for _, e := range array.Elements() {
		b.Append(e)
	}
	return b
}

// Append adds an element.
func (b *ArrayBuilder) Append(element Value) {
	b.elems = append(b.elems, element)
	b.sum.include(&element)
}

// Weight is that of the array.
func (b *ArrayBuilder) Weight() int64 { return addWeight(b.sum.weight, brackets(len(b.elems))) }

// Len is how many elements there are.
func (b *ArrayBuilder) Len() int { return len(b.elems) }

// Value is the array of what has been appended so far.
func (b *ArrayBuilder) Value() Value {
	n := len(b.elems)
	return Value{kind: KindArray, node: &node{
		elems: b.elems[:n:n], weight: b.Weight(), depth: max(b.sum.depth, 1),
		referenced: b.sum.referenced, beyondJSON: b.sum.beyondJSON,
	}}
}
