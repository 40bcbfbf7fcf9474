package wdl

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"isle/expr"
)

// RetryType is how the waits between attempts grow.
type RetryType uint8

// The retry types (wdl-semantics §12.4).
const (
	RetryExponential RetryType = iota // also the default policy
	RetryFixed
	RetryNone
)

// RetryPolicy is the retryPolicy of an action or trigger; members may be
// expressions, so it is resolved when the action runs.
type RetryPolicy struct {
	Type                              RetryType
	Count, Interval, Minimum, Maximum *expr.Template // nil: not given
	Expression                        *expr.Template // set if the whole policy is one expression
	Bounds                            RetryBounds
}

// RetryBounds are what the members of a policy must keep to (wdl-semantics §12.4, §17).
type RetryBounds struct {
	Count             int
	Shortest, Longest time.Duration // of each interval
}

// Retry is a resolved policy.
type Retry struct {
	Type             RetryType
	Count            int // retries after the first attempt
	Interval         time.Duration
	Minimum, Maximum time.Duration // bounds of exponential waits
}

// The bounds of a retry policy (wdl-semantics §12.4, §17).
const (
	maxRetries       = 90
	minRetryInterval = 5 * time.Second
	maxRetryInterval = 24 * time.Hour
)

// Codes of evaluated members that are out of bounds.
const (
	codeRetryCount    = "RetryCountLimitExceeded"
	codeRetryInterval = "RetryIntervalLimitExceeded"
)

// Default is the policy of a request that names none: 4 retries, 7.5 s growing, each
// wait between 5 and 45 s (wdl-semantics §12.4), as far as the bounds let it.
func (b RetryBounds) Default() Retry {
	return Retry{Type: RetryExponential, Count: min(4, b.Count), Interval: b.within(7500 * time.Millisecond),
		Minimum: b.within(minRetryInterval), Maximum: b.within(45 * time.Second)}
}

// within is the interval that comes nearest.
func (b RetryBounds) within(d time.Duration) time.Duration {
	return max(min(d, b.Longest), b.Shortest)
}

// Resolve evaluates the policy. A nil policy gives no retries.
func (p *RetryPolicy) Resolve(env expr.Env) (Retry, error) {
	if p == nil {
		return Retry{Type: RetryNone}, nil
	}
	if p.Expression != nil {
		v, err := p.Expression.Eval(env)
		if err != nil {
			return Retry{}, err
		}
		return retryFrom(p.Bounds, func(name string) (expr.Value, error) {
			m, _ := v.Get(name)
			return m, nil
		})
	}
	names := map[string]*expr.Template{"count": p.Count, "interval": p.Interval, "minimumInterval": p.Minimum, "maximumInterval": p.Maximum}
	return retryFrom(p.Bounds, func(name string) (expr.Value, error) {
		if name == "type" {
			return expr.String(p.Type.name(p.Count == nil)), nil
		}
		if names[name] == nil {
			return expr.Null(), nil
		}
		return names[name].Eval(env)
	})
}

func (t RetryType) name(plain bool) string {
	switch {
	case t == RetryNone:
		return "none"
	case t == RetryFixed:
		return "fixed"
	case plain:
		return "default"
	}
	return "exponential"
}

// retryFrom builds a policy from evaluated members.
func retryFrom(bounds RetryBounds, member func(name string) (expr.Value, error)) (Retry, error) {
	typ, err := member("type")
	if err != nil {
		return Retry{}, err
	}
	r := Retry{Minimum: bounds.within(minRetryInterval), Maximum: bounds.within(maxRetryInterval)}
	switch strings.ToLower(typ.Text()) {
	case "", "default":
		return bounds.Default(), nil
	case "none":
		return Retry{Type: RetryNone}, nil
	case "fixed":
		r.Type = RetryFixed
	case "exponential":
	default:
		return Retry{}, fmt.Errorf("the retry policy type '%s' is none of none, default, fixed, exponential", typ.Text())
	}
	count, err := member("count")
	if err != nil {
		return Retry{}, err
	}
	if r.Count, err = bounds.count(count); err != nil {
		return Retry{}, err
	}
	for _, d := range []struct {
		name string
		into *time.Duration
	}{{"interval", &r.Interval}, {"minimumInterval", &r.Minimum}, {"maximumInterval", &r.Maximum}} {
		v, err := member(d.name)
		if err != nil {
			return Retry{}, err
		}
		if v.IsNull() && d.name != "interval" {
			continue
		}
		if *d.into, err = bounds.interval(d.name, v); err != nil {
			return Retry{}, err
		}
	}
	if r.Minimum > r.Maximum {
		return Retry{}, fmt.Errorf("the retry policy's minimumInterval is longer than its maximumInterval")
	}
	return r, nil
}

// count reads the number of retries.
func (b RetryBounds) count(v expr.Value) (int, error) {
	text := v.Text()
	n, err := strconv.Atoi(text)
	message := fmt.Sprintf("the retry policy's count must lie between 1 and %d, but is '%s'", b.Count, text)
	switch {
	case err != nil || strconv.Itoa(n) != text:
		return 0, errors.New(message)
	case n < 1 || n > b.Count:
		return 0, &LimitError{codeRetryCount, message}
	}
	return n, nil
}

// interval reads one of the intervals.
func (b RetryBounds) interval(name string, v expr.Value) (time.Duration, error) {
	text, _ := v.AsString()
	d, err := ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("the retry policy's %s: %w", name, err)
	}
	fixed, ok := d.Fixed()
	if !ok {
		return 0, fmt.Errorf("the retry policy's %s '%s' must not hold years or months", name, text)
	}
	if fixed < b.Shortest || fixed > b.Longest {
		return 0, &LimitError{codeRetryInterval, fmt.Sprintf("the retry policy's %s '%s' must lie between %s and %s", name, text, Duration{Rest: b.Shortest}, Duration{Rest: b.Longest})}
	}
	return fixed, nil
}

// Wait returns the wait before retry n, counted from 1. random are 64 random bits;
// only exponential waits use them (wdl-semantics §12.4).
func (r Retry) Wait(n int, random uint64) time.Duration {
	if r.Type != RetryExponential {
		return r.Interval
	}
	low := time.Duration(0)
	if n > 1 {
		low = double(r.Interval, n-2)
	}
	low = max(low, r.Minimum)
	high := max(min(double(r.Interval, n-1), r.Maximum), r.Minimum)
	if low >= high {
		return high
	}
	offset, _ := bits.Mul64(random, uint64(high-low)+1)
	return low + time.Duration(offset)
}

// double returns d·2^n, or the longest duration.
func double(d time.Duration, n int) time.Duration {
	if n < 0 || n > 62 || d > math.MaxInt64>>n {
		return math.MaxInt64
	}
	return d << n
}

// retry reads the retryPolicy in a member of n, and checks what is static. The
// result is never nil.
func (c *compiler) retry(n node, inside string, o owner) *RetryPolicy {
	p := &RetryPolicy{Bounds: c.bounds.retry()}
	m, ok := n.path(inside + ".retryPolicy")
	if !ok || c.unknown(m) {
		return p
	}
	if c.dynamic(m) {
		p.Expression = c.template(m, o, roleInputs)
		return p
	}
	if !m.isObject() {
		c.invalid(m, o, RuleRetry, "the retryPolicy must be an object, but is %s", describe(m.Value))
		return p
	}
	typ, _ := m.member("type")
	if c.dynamic(typ) {
		p.Expression = c.template(m, o, roleInputs)
		return p
	}
	switch strings.ToLower(typ.text()) {
	case "none":
		p.Type = RetryNone
		return p
	case "", "default":
		return p
	case "fixed":
		p.Type = RetryFixed
	case "exponential":
	default:
		c.invalid(typ, o, RuleRetry, "the retry policy type '%s' is none of none, default, fixed, exponential", typ.Text())
		return p
	}
	c.retryMembers(p, m, o)
	return p
}

// written checks a member that is no expression. What was saved under wider limits is a
// bound of its own.
func (p *RetryPolicy) written(name string, v expr.Value, stored bool) (d time.Duration, err error) {
	bounds := p.Bounds
	if stored {
		bounds = RetryBounds{Count: math.MaxInt32, Longest: math.MaxInt64}
	}
	if name == "count" {
		var n int
		n, err = bounds.count(v)
		p.Bounds.Count = max(p.Bounds.Count, n)
		return 0, err
	}
	if d, err = bounds.interval(name, v); err == nil {
		p.Bounds.Shortest, p.Bounds.Longest = min(p.Bounds.Shortest, d), max(p.Bounds.Longest, d)
	}
	return d, err
}

// retryMembers reads count and intervals.
func (c *compiler) retryMembers(p *RetryPolicy, m node, o owner) {
	members := []struct {
		name string
		into **expr.Template
	}{{"count", &p.Count}, {"interval", &p.Interval}, {"minimumInterval", &p.Minimum}, {"maximumInterval", &p.Maximum}}
	lengths := map[string]time.Duration{}
	for i, member := range members {
		v, ok := m.member(member.name)
		if !ok {
			if i < 2 {
				c.invalid(m, o, RuleRetry, "a retry policy of type '%s' needs the member '%s'", p.Type.name(false), member.name)
			}
			continue
		}
		*member.into = c.template(v, o, roleInputs)
		if c.dynamic(v) {
			continue
		}
		var err error
		if lengths[member.name], err = p.written(member.name, v.Value, c.bounds.stored); err != nil {
			c.invalid(v, o, RuleRetry, "%s", err)
		}
	}
	if low, high := lengths["minimumInterval"], lengths["maximumInterval"]; high > 0 && low > high {
		c.invalid(m, o, RuleRetry, "the minimumInterval is longer than the maximumInterval")
	}
}
