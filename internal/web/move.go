package web

import (
	"context"
	"encoding/json"
	"strings"

	"isle/internal/arm"
)

// Mover is the resource manager, which moves resources between groups.
type Mover interface {
	Post(ctx context.Context, p arm.Principal, path, apiVersion string, body []byte) (*arm.Result, error)
}

// Bind tells the service who moves resources.
func (s *Service) Bind(m Mover) { s.mover = m }

// moveVersion is the api-version of the group's moveResources.
const moveVersion = "2021-04-01"

// moveCustom moves a custom API into another group, as moveResources of the group does
// (connections §2). The body says what it is then: {id, name, type}.
func (s *Service) moveCustom(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	text := "/" + strings.TrimPrefix(text(r.Body, "id"), "/")
	target, err := arm.ParseID(text)
	if err != nil || !strings.EqualFold(target.Type(), customType) || target.Group == "" {
		return nil, arm.Invalid(codeInvalidContent, "id", "'%s' is not the resource ID of a custom API. Give the ID that the API shall have: /subscriptions/…/resourceGroups/…/providers/%s/{name}.", text, customType)
	}
	if !strings.EqualFold(target.Name(), r.ID.Name()) {
		return nil, arm.Invalid("InvalidMoveTarget", "id", "A custom API keeps its name when it is moved: '%s' is not '%s'.", target.Name(), r.ID.Name())
	}
	if arm.SameID(target.String(), r.Resource.ID) {
		return nil, nil
	}
	body, err := json.Marshal(map[string]any{"resources": []string{r.Resource.ID}, "targetResourceGroup": target.GroupID().String()})
	if err != nil {
		return nil, err
	}
	_, err = s.mover.Post(ctx, r.Principal, r.ID.GroupID().String()+"/moveResources", moveVersion, body)
	return nil, err
}
