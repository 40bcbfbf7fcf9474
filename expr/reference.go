package expr

// Resolve returns v with what find gives in the place of each content reference
// inside; find may give the reference back. It stops at the first error.
func (v Value) Resolve(find func(ContentReference) (Value, error)) (Value, error) {
	if !v.HasReference() {
		return v, nil
	}
	switch v.kind {
	case KindReference:
		return find(*v.node.ref)
	case KindArray:
		elems := make([]Value, v.Len())
		for i, e := range v.Elements() {
			var err error
			if elems[i], err = e.Resolve(find); err != nil {
				return Value{}, err
			}
		}
		return arrayOf(elems), nil
	}
	members := make([]Member, 0, v.Len())
	for name, m := range v.Members() {
		m, err := m.Resolve(find)
		if err != nil {
			return Value{}, err
		}
		members = append(members, Member{name, m})
	}
	return objectOf(members), nil
}
