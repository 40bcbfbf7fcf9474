package identity

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"isle/internal/arm"
	"isle/internal/store"
)

func viewGroup(g group) map[string]any {
	var description any
	if g.Description != "" {
		description = g.Description
	}
	return map[string]any{"id": g.Object, "displayName": g.Name, "description": description, "mailNickname": g.Nickname, "mail": nil, "mailEnabled": false, "securityEnabled": true,
		"groupTypes": []string{}, "proxyAddresses": []string{}, "visibility": nil, "createdDateTime": g.Created.UTC().Format(time.RFC3339)}
}

// groupRoutes are the paths of groups, and of who is in which.
func (s *Service) groupRoutes(read func(string, func(*graphCall) (any, error)), write func(method, pattern string, status int, h func(*graphCall) (any, error))) {
	read("groups", s.listGroups)
	read("groups/{id}", s.readGroup)
	read("groups/{id}/owners", func(*graphCall) (any, error) { return listOf(nil), nil })
	read("groups/{id}/members", func(c *graphCall) (any, error) { return s.listMembers(c, false) })
	read("groups/{id}/transitiveMembers", func(c *graphCall) (any, error) { return s.listMembers(c, true) })
	write("POST", "groups", http.StatusCreated, s.postGroup)
	write("PATCH", "groups/{id}", http.StatusNoContent, s.patchGroup)
	write("DELETE", "groups/{id}", http.StatusNoContent, s.deleteGroup)
	write("POST", "groups/{id}/members/$ref", http.StatusNoContent, s.addMember)
	write("DELETE", "groups/{id}/members/{member}/$ref", http.StatusNoContent, s.removeMember)
	for _, collection := range []string{"groups", "users", "servicePrincipals", "directoryObjects"} {
		read(collection+"/{id}/memberOf", func(c *graphCall) (any, error) { return s.listGroupsOf(c, false) })
		read(collection+"/{id}/transitiveMemberOf", func(c *graphCall) (any, error) { return s.listGroupsOf(c, true) })
	}
}

// memberQuestions are the POST requests that only ask.
func (s *Service) memberQuestions(ask func(pattern string, h func(*graphCall) (any, error))) {
	for _, collection := range []string{"groups", "users", "servicePrincipals", "directoryObjects"} {
		for _, name := range []string{"getMemberGroups", "getMemberObjects"} {
			ask(collection+"/{id}/"+name, s.memberGroups)
		}
		for _, name := range []string{"checkMemberGroups", "checkMemberObjects"} {
			ask(collection+"/{id}/"+name, s.checkMemberGroups)
		}
	}
}

func (s *Service) listGroups(c *graphCall) (any, error) {
	var values []map[string]any
	for _, g := range s.directory.Load().Groups {
		values = append(values, viewGroup(g))
	}
	return filtered(c.Request, values)
}

// groupAt finds the group of a path.
func (s *Service) groupAt(c *graphCall) (group, error) {
	g, ok := s.directory.Load().group(c.PathValue("id"))
	if !ok {
		return group{}, store.ErrNotFound
	}
	return g, nil
}

func (s *Service) readGroup(c *graphCall) (any, error) {
	g, err := s.groupAt(c)
	return viewGroup(g), err
}

// groupBody is what can be set of a group.
type groupBody struct{ name, nickname, description *string }

func (c *graphCall) group() (b groupBody, err error) {
	var mail bool
	var types []string
	security := true
	for member, into := range map[string]any{"displayName": &b.name, "mailNickname": &b.nickname, "description": &b.description, "mailEnabled": &mail, "securityEnabled": &security, "groupTypes": &types} {
		if err := c.decode(member, into); err != nil {
			return b, err
		}
	}
	if mail || !security || len(types) > 0 {
		return b, graphInvalid("Groups of this directory are security groups with members that are named: mailEnabled must be false, securityEnabled true, groupTypes empty.")
	}
	for name, text := range map[string]*string{"displayName": b.name, "mailNickname": b.nickname} {
		if text != nil && (*text == "" || len(*text) > 256) {
			return b, graphInvalid("The property %s has 1 to 256 characters.", name)
		}
	}
	if b.description != nil && len(*b.description) > 1024 {
		return b, graphInvalid("The property description has at most 1024 characters.")
	}
	return b, nil
}

func (b groupBody) apply(g *group) {
	for _, set := range []struct{ from, to *string }{{b.name, &g.Name}, {b.nickname, &g.Nickname}, {b.description, &g.Description}} {
		if set.from != nil {
			*set.to = *set.from
		}
	}
}

func (s *Service) postGroup(c *graphCall) (any, error) {
	b, err := c.group()
	if err != nil {
		return nil, err
	}
	if b.name == nil || b.nickname == nil {
		return nil, graphInvalid("The properties displayName and mailNickname are required.")
	}
	var members []string
	if err := c.decode("members@odata.bind", &members); err != nil {
		return nil, err
	}
	g := group{Object: arm.NewGUID(), Created: s.now()}
	b.apply(&g)
	for _, m := range members {
		id, err := s.referred(c, m)
		if err != nil {
			return nil, err
		}
		if err := g.add(id); err != nil {
			return nil, err
		}
	}
	return viewGroup(g), s.change(c.Context(), func(d *directory) error { return d.addGroup(g) })
}

func (s *Service) patchGroup(c *graphCall) (any, error) {
	b, err := c.group()
	if err != nil {
		return nil, err
	}
	return nil, s.change(c.Context(), func(d *directory) error {
		return d.editGroup(c.PathValue("id"), func(g *group) error { b.apply(g); return nil })
	})
}

func (s *Service) deleteGroup(c *graphCall) (any, error) {
	g, err := s.groupAt(c)
	if err != nil {
		return nil, err
	}
	return nil, s.change(c.Context(), func(d *directory) error {
		d.Groups = slices.DeleteFunc(slices.Clone(d.Groups), func(o group) bool { return o.Object == g.Object })
		d.leave(g.Object)
		return nil
	})
}

// referred is the object id at the end of an @odata.id, of an object that is there.
func (s *Service) referred(c *graphCall, link string) (string, error) {
	id := link[strings.LastIndexByte(link, '/')+1:]
	if s.object(c.Context(), id) == nil {
		return "", graphMissing(id)
	}
	return id, nil
}

func (s *Service) addMember(c *graphCall) (any, error) {
	var link string
	if err := c.decode("@odata.id", &link); err != nil {
		return nil, err
	}
	if link == "" {
		return nil, graphInvalid("The property @odata.id is required: the URL of whom to add, such as https://graph.microsoft.com/v1.0/directoryObjects/{id}.")
	}
	member, err := s.referred(c, link)
	if err != nil {
		return nil, err
	}
	return nil, s.change(c.Context(), func(d *directory) error {
		return d.editGroup(c.PathValue("id"), func(g *group) error { return g.add(member) })
	})
}

func (s *Service) removeMember(c *graphCall) (any, error) {
	return nil, s.change(c.Context(), func(d *directory) error {
		return d.editGroup(c.PathValue("id"), func(g *group) error { return g.remove(c.PathValue("member")) })
	})
}

func (s *Service) listMembers(c *graphCall, all bool) (any, error) {
	g, err := s.groupAt(c)
	if err != nil {
		return nil, err
	}
	return filtered(c.Request, s.objects(c, s.directory.Load().membersOf(g, all)))
}

// objects are those of ids that are there.
func (s *Service) objects(c *graphCall, ids []string) (values []map[string]any) {
	for _, id := range ids {
		if v := s.object(c.Context(), id); v != nil {
			values = append(values, v)
		}
	}
	return values
}

// asked is the object of a path: by its id, a user by name too.
func (s *Service) asked(c *graphCall) (string, error) {
	id := c.PathValue("id")
	if u, ok := s.directory.Load().user(id); ok {
		return u.Object, nil
	}
	if s.object(c.Context(), id) == nil {
		return "", store.ErrNotFound
	}
	return id, nil
}

func (s *Service) listGroupsOf(c *graphCall, all bool) (any, error) {
	id, err := s.asked(c)
	if err != nil {
		return nil, err
	}
	d := s.directory.Load()
	groups := d.parents[strings.ToLower(id)]
	if all {
		groups = d.groupsOf(id)
	}
	return filtered(c.Request, s.objects(c, groups))
}

func (s *Service) memberGroups(c *graphCall) (any, error) {
	id, err := s.asked(c)
	if err != nil {
		return nil, err
	}
	return map[string]any{"value": append([]string{}, s.Groups(id)...)}, nil
}

func (s *Service) checkMemberGroups(c *graphCall) (any, error) {
	id, err := s.asked(c)
	if err != nil {
		return nil, err
	}
	var wanted []string
	for _, member := range []string{"groupIds", "ids"} {
		if err := c.decode(member, &wanted); err != nil {
			return nil, err
		}
	}
	in, found := s.Groups(id), []string{}
	for _, w := range wanted {
		if slices.Contains(in, strings.ToLower(w)) {
			found = append(found, w)
		}
	}
	return map[string]any{"value": found}, nil
}
