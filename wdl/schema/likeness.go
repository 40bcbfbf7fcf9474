package schema

import (
	"hash/fnv"
	"math"

	"isle/expr"
)

// likeness returns one number for values that expr.Equal calls equal, and mostly
// different ones for others.
func likeness(v expr.Value) uint64 {
	const prime = 1099511628211
	switch v.Kind() {
	case expr.KindArray:
		sum := uint64(2)
		for _, e := range v.Elements() {
			sum = sum*prime + likeness(e)
		}
		return sum
	case expr.KindObject:
		sum := uint64(3)
		for name, m := range v.Members() {
			sum += textLikeness(name) * (likeness(m) | 1) // in any order
		}
		return sum
	case expr.KindString:
		s, _ := v.AsString()
		return textLikeness(s)
	case expr.KindBool:
		if yes, _ := v.AsBool(); yes {
			return 5
		}
		return 7
	}
	if f, ok := v.AsFloat(); ok {
		return math.Float64bits(f + 0) // one zero
	}
	return 11
}

func textLikeness(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}
