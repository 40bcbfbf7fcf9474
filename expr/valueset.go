package expr

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// A valueSet holds distinct values by a text that equal values share.
type valueSet struct {
	keys map[string]struct{}
	key  []byte // room for the next one
}

func newValueSet() *valueSet { return &valueSet{keys: map[string]struct{}{}} }

func (s *valueSet) has(v Value) bool {
	s.key = v.appendKey(s.key[:0])
	_, ok := s.keys[string(s.key)]
	return ok
}

// add reports whether v is new.
func (s *valueSet) add(v Value) bool {
	if s.has(v) {
		return false
	}
	s.keys[string(s.key)] = struct{}{}
	return true
}

// appendKey appends a text that is the same for values that are Equal and for no
// others: numbers by their digits, whatever their kind, members by name.
func (v Value) appendKey(dst []byte) []byte {
	switch v.kind {
	case KindNull:
		return append(dst, 'z')
	case KindBool:
		return strconv.AppendBool(dst, v.num != 0)
	case KindString:
		return appendQuoted(dst, v.str)
	case KindArray:
		dst = append(dst, '[')
		for _, elem := range v.elements() {
			dst = append(elem.appendKey(dst), ',')
		}
		return append(dst, ']')
	case KindObject:
		members := slices.Clone(v.members())
		slices.SortFunc(members, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
		dst = append(dst, '{')
		for _, m := range members {
			dst = append(m.Value.appendKey(appendQuoted(dst, m.Name)), ',')
		}
		return append(dst, '}')
	}
	return v.appendDigits(append(dst, 'n'))
}

// appendQuoted appends s so that where it ends can be told.
func appendQuoted(dst []byte, s string) []byte {
	dst = strconv.AppendInt(append(dst, 's'), int64(len(s)), 10)
	return append(append(dst, ':'), s...)
}

// appendDigits appends all digits of a number, without an exponent and without zeros
// at the end of a fraction.
func (v Value) appendDigits(dst []byte) []byte {
	switch v.kind {
	case KindInt:
		return strconv.AppendInt(dst, int64(v.num), 10)
	case KindBigInt:
		return v.node.big.Append(dst, 10)
	case KindDecimal:
		text := v.node.dec.Text('f')
		if strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
		return append(dst, text...)
	}
	f := math.Float64frombits(v.num)
	switch whole := math.Trunc(f) == f; {
	case f == 0: // also -0
		return append(dst, '0')
	case whole && !math.IsInf(f, 0):
		i, _ := new(big.Float).SetFloat64(f).Int(nil)
		return i.Append(dst, 10)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}
