package logic

import (
	"context"
	"slices"

	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// AccessComparison is the required access of one environment by two policies.
type AccessComparison struct {
	Environment string // resource ID
	ID          string // store id
	Before      string // state of its network health, by the policy alone
	After       string
	Failure     string         // why it cannot be judged by the later policy; "": it can
	Changes     []AccessChange // rows that differ, in the order of the rows
}

// AccessChange is a row at one subnet, whose verdict or cause differs.
type AccessChange struct {
	Row         string        `json:"row"`
	Purpose     string        `json:"purpose"`
	Direction   string        `json:"direction"`
	Subnet      string        `json:"subnet"`
	Consequence string        `json:"consequence"`
	Before      AccessVerdict `json:"before"`
	After       AccessVerdict `json:"after"`
	Worse       bool          `json:"worse"` // what was open is less so
}

// AccessVerdict is what one policy says of a row.
type AccessVerdict struct {
	Verdict string          `json:"verdict"`
	Rule    string          `json:"rule,omitempty"`    // what denies it
	Message string          `json:"message,omitempty"` // how
	Denials []netpol.Record `json:"denials"`
}

// CompareAccess judges what environments need by two policies. Asked is which environments
// it is about, by resource ID.
func (s *Service) CompareAccess(ctx context.Context, before, after *netpol.Policy, asked func(environment string) bool) ([]AccessComparison, error) {
	var compared []AccessComparison
	type question struct {
		form *environment
		more []netpol.Requirement
		id   string
	}
	var questions []question
	err := s.control.Read(ctx, func(tx *store.Tx) error {
		all, err := arm.List(tx, store.Query{Type: environmentType})
		if err != nil {
			return err
		}
		for _, r := range all {
			form, err := decode[environment](r.Resource)
			if err != nil {
				return err
			}
			if !form.Ready || !asked(r.ID) {
				continue
			}
			more, err := requirementsBeside(tx, r.Key, defaultEdition)
			if err != nil {
				return err
			}
			questions = append(questions, question{form, more, r.ID})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, q := range questions {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		compared = append(compared, compareAccess(q.id, q.form.ID, s.needs(q.form, q.more), before, after))
	}
	return compared, nil
}

func compareAccess(resource, id string, needs netpol.Environment, before, after *netpol.Policy) AccessComparison {
	c := AccessComparison{Environment: resource, ID: id, Before: unknown, After: unknown}
	was, err := before.RequiredAccess(needs, defaultEdition)
	if err == nil {
		c.Before = healthState(was)
	}
	would, err := after.RequiredAccess(needs, defaultEdition)
	if err != nil {
		c.Failure = err.Error()
		return c
	}
	c.After = healthState(would)
	for i := range would {
		b := &would[i]
		at := slices.IndexFunc(was, func(a netpol.AccessResult) bool { return a.Requirement.ID == b.Requirement.ID && a.Subnet == b.Subnet })
		if at < 0 { // a network that gets a gateway has a row more
			was = append(was, netpol.AccessResult{Requirement: b.Requirement, Subnet: b.Subnet, Openness: netpol.NotJudged})
			at = len(was) - 1
		}
		if a := &was[at]; a.Openness != b.Openness || lacking(b) && deniedBy(a) != deniedBy(b) {
			c.Changes = append(c.Changes, AccessChange{b.Requirement.ID, b.Requirement.Purpose, b.Requirement.Direction.String(), lastSegment(b.Subnet), consequences[b.Requirement.Consequence],
				verdictOf(a), verdictOf(b), lacking(b) && (!lacking(a) || b.Openness > a.Openness)})
		}
	}
	return c
}

func verdictOf(r *netpol.AccessResult) AccessVerdict {
	v := AccessVerdict{Verdict: verdicts[r.Openness], Rule: deniedBy(r), Denials: []netpol.Record{}}
	for _, d := range r.Denials {
		v.Denials = append(v.Denials, d.Decision.Record(d.Flow))
	}
	if len(r.Denials) > 0 {
		v.Message = denialText(r)
	}
	return v
}
