package deploy

import (
	"context"
	"errors"
	"net/http"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// validate checks a deployment as a PUT does, then tries what the types of its resources
// would refuse, and says what it would deploy. It changes nothing.
func (p *Provider) validate(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	id, err := deploymentOf(r)
	if err != nil {
		return nil, err
	}
	w := p.preview(ctx, r.Principal, r.CorrelationID, r.Now)
	d, err := w.see(id, r.Body)
	if err != nil {
		return nil, err
	}
	if len(w.refused) > 0 {
		return nil, refusal(id, w.refused)
	}
	validated := d.state.references(func(t step) bool { return t.Phase != phaseLeftOut })
	properties := d.state.properties("Succeeded").With("validatedResources", validated).
		With("timestamp", expr.String("0001-01-01T00:00:00Z")).With("duration", expr.String("PT0S")) // as recorded, logic-api §5.2
	v := expr.Object(str("id", id.String()), str("name", id.Name()), str("type", TypeName))
	if id.Group == "" {
		v = v.With("location", expr.String(d.state.Target.GroupLocation))
	}
	return arm.Reply(v.With("properties", properties)), nil
}

// refusal is the error of a deployment whose template is well, and some of whose
// resources would be refused.
func refusal(id arm.ID, refused []*arm.Error) *arm.Error {
	e := arm.Invalid("InvalidTemplateDeployment", id.String(), "The template deployment '%s' is not valid: %d of its resources would be refused. The details say which, and why.", id.Name(), len(refused))
	e.Details = refused
	return e
}

// deploymentOf is the deployment that a route names, which need not be there.
func deploymentOf(r *arm.Request) (arm.ID, error) {
	id, err := arm.ParseID(scopeID(r.Values["subscription"], r.Values["group"]) + "/providers/" + TypeName + "/" + r.Values["deployment"])
	if err != nil {
		return id, err
	}
	if failed := validName(id.Name()); failed != nil {
		return id, failed
	}
	return id, nil
}

// exportTemplate gives back the template that was deployed.
func (p *Provider) exportTemplate(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	var o *order
	err := p.config.Store.Control().Read(ctx, func(tx *store.Tx) (err error) {
		o, err = readOrder(tx, r.Resource.Key)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, arm.Missing("DeploymentNotFound", "The deployment '%s' is being deleted.", r.ID.Name())
	} else if err != nil {
		return nil, err
	}
	return arm.Reply(expr.Object(expr.Member{Name: "template", Value: o.shown()})), nil
}

// calculateTemplateHash gives the number under which a deployment shows a template.
func calculateTemplateHash(_ context.Context, r *arm.Request) (*arm.Response, error) {
	if r.Body.Kind() != expr.KindObject {
		return nil, arm.Invalid("InvalidRequestContent", "", "The request content is not valid: the body must be a template, a JSON object.")
	}
	return arm.Reply(expr.Object(str("minifiedTemplate", string(r.Body.JSON())), str("templateHash", hashOf(r.Body)))), nil
}

// cancel stops a deployment from starting more resources.
func (p *Provider) cancel(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	err := p.config.Store.Control().Write(ctx, func(tx *store.Tx) error {
		current, err := arm.Load(tx, r.ID.String())
		if err != nil {
			return err
		}
		s, err := readState(current.Body)
		if err != nil {
			return err
		}
		if !s.Ended.IsZero() {
			return arm.Conflict("DeploymentCannotBeCancelled", "", "The deployment '%s' cannot be cancelled: it has ended as '%s'.", r.ID.Name(), current.State)
		}
		s.Canceled = true
		if current.Body, err = s.encode(); err != nil {
			return err
		}
		return arm.Save(tx, current)
	})
	if err != nil {
		return nil, err
	}
	return &arm.Response{Status: http.StatusNoContent}, nil
}
