package deploy

import (
	"context"

	"isle/expr"
	"isle/internal/arm"
)

// Try tries a deployment to a group, nested deployments included, lets looks see what is
// stored and what would then be, and undoes everything. Late are the IDs of resources whose bodies say what
// only another deployed resource knows: they were not tried. The error is all that the
// deployment would be refused for.
func (p *Provider) Try(ctx context.Context, r *arm.Request, group arm.ID, body expr.Value, looks arm.Looks) (late []string, err error) {
	id, err := arm.ParseID(group.String() + "/providers/" + TypeName + "/whatIf")
	if err != nil {
		return nil, err
	}
	w := p.preview(ctx, r.Principal, r.CorrelationID, r.Now)
	w.looks = looks
	if _, err := w.see(id, body); err != nil {
		return nil, err
	}
	if problem := arm.Problems(w.refused); problem != nil {
		return nil, problem
	}
	return w.late, nil
}
