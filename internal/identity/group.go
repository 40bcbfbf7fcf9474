package identity

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"isle/internal/store"
)

// group is a security group: roles that are given to it are its members', and those of the
// members of groups in it.
type group struct {
	Object      string    `json:"object"`
	Name        string    `json:"name"`
	Nickname    string    `json:"nickname"`
	Description string    `json:"description,omitempty"`
	Created     time.Time `json:"created"`
	Members     []string  `json:"members,omitempty"` // object ids, in lower case
}

const (
	maxGroups  = 10_000
	maxMembers = 10_000 // of one group
)

// group finds a group by its object id.
func (d *directory) group(id string) (group, bool) {
	i := slices.IndexFunc(d.Groups, func(g group) bool { return strings.EqualFold(g.Object, id) })
	if i < 0 {
		return group{}, false
	}
	return d.Groups[i], true
}

func (d *directory) addGroup(g group) error {
	if len(d.Groups) >= maxGroups {
		return fmt.Errorf("%w: there are %d groups, the most there can be", errRefused, maxGroups)
	}
	d.Groups = append(slices.Clone(d.Groups), g)
	return nil
}

// editGroup changes one group of a directory that is about to be stored.
func (d *directory) editGroup(id string, edit func(*group) error) error {
	d.Groups = slices.Clone(d.Groups)
	for i := range d.Groups {
		if strings.EqualFold(d.Groups[i].Object, id) {
			return edit(&d.Groups[i])
		}
	}
	return store.ErrNotFound
}

func (g *group) add(member string) error {
	member = strings.ToLower(member)
	switch {
	case slices.Contains(g.Members, member):
		return fmt.Errorf("%w: One or more added object references already exist for the following modified properties: 'members'", errRefused)
	case strings.EqualFold(member, g.Object):
		return fmt.Errorf("%w: a group cannot be a member of itself", errRefused)
	case len(g.Members) >= maxMembers:
		return fmt.Errorf("%w: a group has at most %d members", errRefused, maxMembers)
	}
	g.Members = append(slices.Clone(g.Members), member)
	return nil
}

func (g *group) remove(member string) error {
	i := slices.Index(g.Members, strings.ToLower(member))
	if i < 0 {
		return store.ErrNotFound
	}
	g.Members = slices.Delete(slices.Clone(g.Members), i, i+1)
	return nil
}

// leave takes who is deleted out of all groups.
func (d *directory) leave(object string) {
	d.Groups = slices.Clone(d.Groups)
	for i := range d.Groups {
		_ = d.Groups[i].remove(object) // not a member
	}
}

// index fills in what is not stored: it comes before the directory is shown to others.
func (d *directory) index() {
	d.parents = map[string][]string{}
	for _, g := range d.Groups {
		for _, m := range g.Members {
			d.parents[m] = append(d.parents[m], strings.ToLower(g.Object))
		}
	}
}

// groupsOf are the groups that an object is in, directly or through groups, nearest first;
// circles of groups end.
func (d *directory) groupsOf(object string) []string {
	found := slices.Clone(d.parents[strings.ToLower(object)])
	for i := 0; i < len(found); i++ {
		for _, above := range d.parents[found[i]] {
			if !slices.Contains(found, above) {
				found = append(found, above)
			}
		}
	}
	return found
}

// Groups are the object ids, in lower case, of the groups that a principal is in.
func (s *Service) Groups(object string) []string { return s.directory.Load().groupsOf(object) }

// membersOf are the members of a group; all adds those of the groups in it.
func (d *directory) membersOf(g group, all bool) []string {
	found := slices.Clone(g.Members)
	for i := 0; all && i < len(found); i++ {
		inner, ok := d.group(found[i])
		if !ok {
			continue
		}
		for _, m := range inner.Members {
			if !slices.Contains(found, m) {
				found = append(found, m)
			}
		}
	}
	return found
}

// isIdentity tells whether an object id is that of a user-assigned identity.
func (s *Service) isIdentity(ctx context.Context, object string) (is bool) {
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		is, err = IsUserAssigned(tx, object)
		return err
	})
	return err == nil && is
}
