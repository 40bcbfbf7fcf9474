package deploy

import (
	"slices"
	"strconv"
	"strings"

	"isle/expr"
)

func (p *Plan) refuseDoubles(found *problems) {
	seen := map[string]bool{}
	for _, r := range p.Resources {
		key := strings.ToLower(r.ID)
		if r.Deploy && seen[key] {
			found.add(r.source.pointer, "The resource '%s' is defined multiple times in a template. Each resource stands in it once", r.Name)
		}
		seen[key] = seen[key] || r.Deploy
	}
}

// resolve turns dependsOn, which names resources by ID, name, symbol or loop, into
// places in the plan. What the condition leaves out is no dependency.
func (p *Plan) resolve(i int, found *problems) {
	r := &p.Resources[i]
	p.dependOnBatch(i)
	defer p.dependOnParent(i)
	list, ok := member(r.source.body, "dependsOn")
	if !ok || list.IsNull() {
		return
	}
	p.scope.loops = r.loops
	defer func() { p.scope.loops = nil }()
	list, err := p.scope.eval(list)
	if err != nil {
		found.fault(r.source.pointer+"/dependsOn", "", err)
		return
	}
	if list.Kind() != expr.KindArray {
		found.add(r.source.pointer+"/dependsOn", "The dependsOn of the resource '%s' is of type '%s'; it must be an array", r.Name, list.TypeName())
	}
	for _, e := range list.Elements() {
		name, ok := e.AsString()
		if !ok {
			found.add(r.source.pointer+"/dependsOn", "The dependsOn of the resource '%s' holds a value of type '%s'; it takes names and IDs of resources", r.Name, e.TypeName())
			continue
		}
		targets := p.named(name)
		if len(targets) == 0 && !p.none[strings.ToLower(name)] {
			found.add(r.source.pointer+"/dependsOn", "The resource '%s' is not defined in the template. It is a dependency of the resource '%s'. Add it, or take it out of dependsOn: what exists already needs no dependency", name, r.Name)
			continue
		}
		for _, t := range targets {
			if t == i {
				found.add(r.source.pointer+"/dependsOn", "Circular dependency detected on resource: '%s'. It depends on itself: remove that dependsOn", r.ID)
				continue
			}
			r.dependOn(t, p.Resources[t])
		}
	}
}

func (r *Planned) dependOn(t int, target Planned) {
	if target.Deploy && !slices.Contains(r.DependsOn, t) {
		r.DependsOn = append(r.DependsOn, t)
	}
}

// dependOnBatch makes a copy of a serial loop wait for the batch before its own.
func (p *Plan) dependOnBatch(i int) {
	r := &p.Resources[i]
	if r.serial == 0 {
		return
	}
	start := r.loops[0].index / r.serial * r.serial
	for n := max(start-r.serial, 0); n < start; n++ {
		before := i - r.loops[0].index + n // copies stand together, in order
		r.dependOn(before, p.Resources[before])
	}
}

// dependOnParent makes a child wait for the parent that the template deploys, which
// cannot be wanted otherwise; an explicit dependency the other way round stays the
// author's mistake.
func (p *Plan) dependOnParent(i int) {
	r := &p.Resources[i]
	if parent, ok := p.deploysParent(r.ID); ok && parent != i {
		r.dependOn(parent, p.Resources[parent])
	}
}

// indexed lists the resources under what they can be called, most exact first: ID,
// type and name, symbolic name (a copy's with its place, "sites[0]"), copy loop, name,
// last segment of the name.
func indexed(list []Planned) []map[string][]int {
	index := make([]map[string][]int, 6)
	for n := range index {
		index[n] = map[string][]int{}
	}
	for i, r := range list {
		calls := []string{r.ID, r.Type + "/" + r.Name, r.source.symbol, "", r.Name, lastSegment(r.Name)}
		if len(r.loops) > 0 {
			calls[3] = r.loops[0].name
		}
		for n, call := range calls {
			if call != "" {
				key := strings.ToLower(call)
				index[n][key] = append(index[n][key], i)
			}
		}
		if len(r.loops) > 0 && r.source.symbol != "" {
			key := strings.ToLower(r.source.symbol) + "[" + strconv.Itoa(r.loops[0].index) + "]"
			index[2][key] = append(index[2][key], i)
		}
	}
	return index
}

// named finds the planned resources that a reference means.
func (p *Plan) named(ref string) []int {
	key := strings.ToLower(ref)
	for _, index := range p.index {
		if found := index[key]; len(found) > 0 {
			return found
		}
	}
	return nil
}

func lastSegment(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// refuseCycle reports the first cycle of dependsOn by the names on it.
func (p *Plan) refuseCycle(found *problems) {
	done := make([]bool, len(p.Resources))
	var path []int
	var visit func(i int) []int
	visit = func(i int) []int {
		if at := slices.Index(path, i); at >= 0 {
			return append(slices.Clone(path[at:]), i)
		}
		if done[i] {
			return nil
		}
		path = append(path, i)
		for _, d := range p.Resources[i].DependsOn {
			if cycle := visit(d); cycle != nil {
				return cycle
			}
		}
		path = path[:len(path)-1]
		done[i] = true
		return nil
	}
	for i := range p.Resources {
		cycle := visit(i)
		if cycle == nil {
			continue
		}
		names := make([]string, len(cycle))
		for n, c := range cycle {
			names[n] = p.Resources[c].Name
		}
		found.add(p.Resources[i].source.pointer, "Circular dependency detected on resource: '%s'. The resources wait for each other: remove one of these dependsOn", strings.Join(names, "' -> '"))
		return
	}
}
