package expr

// Comparisons of XPath 1.0. One of a node-set is true if it is true of any of its
// nodes (of any pair, for two); sets of values and extremes make that linear.

import "math"

// compare evaluates = != < <= > >=.
func (r *xpathRun) compare(operator string, a, b xpathValue) bool {
	switch {
	case a.kind == xpathBool || b.kind == xpathBool:
		if equality(operator) {
			return (a.boolean() == b.boolean()) == (operator == "=")
		}
		return holds(operator, a.logical(r), b.logical(r))
	case a.kind == xpathNodes && b.kind == xpathNodes:
		return r.compareSets(operator, a.nodes, b.nodes)
	case a.kind == xpathNodes:
		return r.compareEach(operator, a.nodes, b)
	case b.kind == xpathNodes:
		return r.compareEach(mirrored(operator), b.nodes, a)
	case equality(operator) && a.kind == xpathText && b.kind == xpathText:
		return (a.text == b.text) == (operator == "=")
	}
	return holds(operator, a.number(r), b.number(r))
}

func equality(operator string) bool { return operator == "=" || operator == "!=" }

// logical is the number of a value in a comparison with a boolean.
func (v xpathValue) logical(r *xpathRun) float64 {
	if v.kind == xpathNodes {
		v = xpathBoolValue(v.boolean())
	}
	return v.number(r)
}

func mirrored(operator string) string {
	switch operator {
	case "<":
		return ">"
	case "<=":
		return ">="
	case ">":
		return "<"
	case ">=":
		return "<="
	}
	return operator
}

func holds(operator string, a, b float64) bool {
	switch operator {
	case "=":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	}
	return a >= b
}

// compareEach compares each node with a number or a text.
func (r *xpathRun) compareEach(operator string, nodes []xpathNode, v xpathValue) bool {
	textual := v.kind == xpathText && equality(operator)
	for _, n := range nodes {
		if !r.spend(1) {
			return false
		}
		text := r.text(n)
		if textual && (text == v.text) == (operator == "=") {
			return true
		}
		if !textual && holds(operator, xpathNumber(text), v.number(r)) {
			return true
		}
	}
	return false
}

func (r *xpathRun) compareSets(operator string, a, b []xpathNode) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	if equality(operator) {
		return r.equalSets(operator == "=", a, b)
	}
	lowA, highA := r.extremes(a)
	lowB, highB := r.extremes(b)
	if operator[0] == '<' {
		return holds(operator, lowA, highB)
	}
	return holds(operator, highA, lowB)
}

// equalSets reports whether some pair is equal, or some pair differs.
func (r *xpathRun) equalSets(equal bool, a, b []xpathNode) bool {
	texts := map[string]bool{}
	for _, n := range a {
		if !r.spend(1) {
			return false
		}
		texts[r.text(n)] = true
	}
	if !equal && len(texts) > 1 {
		return true
	}
	for _, n := range b {
		if !r.spend(1) {
			return false
		}
		if texts[r.text(n)] == equal {
			return true
		}
	}
	return false
}

// extremes are the least and the greatest number of the nodes, NaN if none is one.
func (r *xpathRun) extremes(nodes []xpathNode) (low, high float64) {
	low, high = math.NaN(), math.NaN()
	for _, n := range nodes {
		if !r.spend(1) {
			break
		}
		f := xpathNumber(r.text(n))
		if math.IsNaN(f) {
			continue
		}
		if math.IsNaN(low) {
			low, high = f, f
		}
		low, high = min(low, f), max(high, f)
	}
	return low, high
}
