package access

import (
	"context"
	"slices"
	"strings"

	"isle/expr"
	"isle/internal/arm"
	"isle/internal/store"
)

// condition is one of the terms of a $filter, which are joined by "and": a call such as
// atScope(), or a comparison of a field by eq.
type condition struct {
	name  string // in lower case
	call  bool
	value string
}

// conditions reads a $filter. known are the names it may have, a call with () behind.
func conditions(text string, known ...string) ([]condition, error) {
	var list []condition
	for _, term := range splitAnd(text) {
		c, ok := readCondition(term)
		shape := c.name
		if c.call {
			shape += "()"
		}
		if !ok || !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, shape) }) {
			return nil, arm.Invalid("UnsupportedQueryOption", "$filter", "The filter '%.200s' is not supported here. Supported are, joined by 'and': %s.", text, strings.Join(known, ", "))
		}
		list = append(list, c)
	}
	return list, nil
}

// splitAnd cuts at the word and, outside of quotes.
func splitAnd(text string) (terms []string) {
	quoted, from := false, 0
	for i := 0; i < len(text); i++ {
		if text[i] == '\'' {
			quoted = !quoted
		}
		if !quoted && i+5 <= len(text) && strings.EqualFold(text[i:i+5], " and ") {
			terms, from = append(terms, text[from:i]), i+5
			i += 4
		}
	}
	if rest := strings.TrimSpace(text[from:]); rest != "" || len(terms) > 0 {
		terms = append(terms, rest)
	}
	return terms
}

func readCondition(term string) (c condition, ok bool) {
	term = strings.TrimSpace(term)
	if name, rest, call := strings.Cut(term, "("); call && !strings.ContainsAny(name, " '") {
		inside, closed := strings.CutSuffix(rest, ")")
		value, ok := literal(inside)
		return condition{strings.ToLower(name), true, value}, closed && (ok || strings.TrimSpace(inside) == "")
	}
	words := strings.SplitN(term, " ", 3)
	if len(words) != 3 || !strings.EqualFold(words[1], "eq") {
		return c, false
	}
	value, ok := literal(words[2])
	return condition{name: strings.ToLower(words[0]), value: value}, ok
}

func literal(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if len(text) >= 2 && text[0] == '\'' && text[len(text)-1] == '\'' {
		return strings.ReplaceAll(text[1:len(text)-1], "''", "'"), true
	}
	return text, guid().MatchString(text)
}

// listAssignments answers the assignments at, above and below a scope; with atScope()
// those below are left out.
func (s *Service) listAssignments(ctx context.Context, r *arm.Request) (*arm.Response, error) {
	scope := orRoot(r.ID.String())
	filter, err := conditions(r.Query.Get("$filter"), "atScope()", "assignedTo()", "principalId", "roleDefinitionId")
	if err != nil {
		return nil, err
	}
	return s.page(ctx, r, assignmentType, func(res arm.Resource) (bool, error) {
		form, err := decode[assignment](res)
		return err == nil && (covers(form.Scope, scope) || covers(scope, form.Scope)) && form.meets(filter, scope, s.groups), err
	}, nil)
}

func (a *assignment) meets(filter []condition, scope string, groups func(string) []string) bool {
	for _, c := range filter {
		ok := false
		switch c.name {
		case "atscope":
			ok = covers(a.Scope, scope)
		case "assignedto":
			ok = strings.EqualFold(a.Principal, c.value) || slices.Contains(groups(c.value), strings.ToLower(a.Principal))
		case "principalid":
			ok = strings.EqualFold(a.Principal, c.value)
		case "roledefinitionid":
			ok = strings.EqualFold(a.Role, c.value[strings.LastIndexByte(c.value, '/')+1:])
		}
		if !ok {
			return false
		}
	}
	return true
}

func (s *Service) groups(principal string) []string {
	if s.config.Groups == nil {
		return nil
	}
	return s.config.Groups(principal)
}

const pageSize = 1000

// page answers the stored resources of a type that keep holds for; first stand before
// them, on the first page.
func (s *Service) page(ctx context.Context, r *arm.Request, typ string, keep func(arm.Resource) (bool, error), first []expr.Value) (*arm.Response, error) {
	limit, err := r.Top(pageSize, pageSize)
	if err != nil {
		return nil, err
	}
	after, err := r.SkipToken()
	if err != nil {
		return nil, err
	}
	values, link := []expr.Value{}, ""
	if after == "" {
		values = append(values, first...)
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		list, err := arm.List(tx, store.Query{Type: typ, After: after})
		if err != nil {
			return err
		}
		last := ""
		for _, res := range list {
			ok, err := keep(res)
			if err != nil || !ok {
				if err != nil {
					return err
				}
				continue
			}
			if len(values) >= limit && last != "" {
				link = r.NextLink(last)
				return nil
			}
			view, err := s.view(ctx, tx, res)
			if err != nil {
				return err
			}
			values, last = append(values, view), res.Key
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return arm.Page(values, link), nil
}

// view is a resource of the package as a list shows it.
func (s *Service) view(ctx context.Context, tx *store.Tx, r arm.Resource) (expr.Value, error) {
	show := viewAssignment
	if r.Type == definitionType {
		show = s.viewDefinition
	}
	v, err := show(ctx, tx, r)
	shown := object("id", r.ID, "name", r.ID[strings.LastIndexByte(r.ID, '/')+1:], "type", r.Type)
	for name, m := range v.Members() {
		shown = shown.With(name, m)
	}
	return shown, err
}
